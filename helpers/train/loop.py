"""The training loop, as a generator: it yields after every epoch, and the reader's ``for`` decides what then.

Printing, early stopping (``break``), checkpoints and TensorBoard all live in that ``for``; there is no Trainer and
there are no callbacks.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from helpers.runtime import Precision, gather, same_buffers, weight_of, world_size
from helpers.train.checkpoint import Checkpoint
from helpers.train.epoch import Epoch
from helpers.train.evaluate import Batch, LabelledExamples, Loss, Metric, evaluate


class Scheduler(Protocol):
    """Anything that changes the learning rate step by step, such as those of ``torch.optim.lr_scheduler``."""

    def step(self) -> object: ...  # noqa: D102


class TrainingError(RuntimeError):
    """Training cannot go on: the loss is not finite, or there is nothing to train on."""


def epochs(
    model: nn.Module,
    batches: Iterable[Batch],
    loss_fn: Loss,
    optimizer: Optimizer,
    *,
    epochs: int,
    start: int | Checkpoint = 0,
    valid: LabelledExamples | Iterable[Batch] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    valid_batch_size: int = 1024,
    precision: Precision | None = None,
    scheduler: Scheduler | None = None,
) -> Iterator[Epoch]:
    """Train, and yield an Epoch after each pass over the batches.

    Among several processes, with a model in ``DistributedDataParallel``, each trains on its own batches, and every
    process is given the same Epoch: the loss and the metrics of all examples.

    Args:
        model: returns logits; trained in place, on its own device.
        batches: yields (inputs, targets) and can be passed over again, such as ``data.Batches`` or a DataLoader.
        loss_fn: (logits, targets) -> scalar, a mean over the batch.
        optimizer: of the model's parameters.
        epochs: the number of the last epoch, 1 or more.
        start: epochs already done, so that the first epoch here is ``start + 1``; or the checkpoint to go on from,
            which also knows the best loss so far, for early stopping, and the scale of float16's gradients.
        valid: validation set, ``data.Examples`` or batches that can be passed over again; its loss and metrics are
            computed after each epoch.
        metrics: name -> function of (logits, targets), for the validation set.
        valid_batch_size: examples of the validation set per forward pass; bounds the memory, not the result.
        precision: number format of the forward pass; float32 unless given.
        scheduler: its ``step`` is called after each step of the optimizer.

    Raises:
        TrainingError: a loss was not finite (found at the end of its epoch: one synchronization with the device
            per epoch instead of one per step), or there was no batch.
    """
    precision = precision or Precision()
    scaler = torch.amp.GradScaler(precision.device_type, enabled=precision.needs_scaling)
    done = start if isinstance(start, Checkpoint) else Checkpoint(start)
    if done.scaler and precision.needs_scaling:
        scaler.load_state_dict(dict(done.scaler))
    best, stale = done.best, done.stale
    for number in range(done.epoch + 1, epochs + 1):
        began = time.perf_counter()
        losses, sizes = _train_on(model, batches, loss_fn, optimizer, precision, scaler, scheduler)
        same_buffers(model)
        loss = _mean_loss(losses, sizes, number)
        scores: dict[str, float] = {}
        if valid is not None:
            scores = evaluate(model, valid, loss_fn, metrics=metrics, batch_size=valid_batch_size, precision=precision)
        valid_loss = scores.pop("loss", None)
        judged = loss if valid_loss is None else valid_loss
        best, stale = (judged, 0) if judged < best else (best, stale + 1)
        seconds = time.perf_counter() - began
        yield Epoch(number, epochs, loss, valid_loss, scores, seconds, stale, best, scaler.state_dict())


def _train_on(
    model: nn.Module,
    batches: Iterable[Batch],
    loss_fn: Loss,
    optimizer: Optimizer,
    precision: Precision,
    scaler: torch.amp.GradScaler,
    scheduler: Scheduler | None,
) -> tuple[list[Tensor], list[int]]:
    """Take one optimizer step per batch; return each step's loss, left on the device, and its batch size."""
    device, scaling = next(model.parameters()).device, precision.needs_scaling
    compute_loss = _loss_function(model, loss_fn, precision)
    losses, sizes, together = [], [], world_size() > 1
    model.train()
    for inputs, targets in batches:
        if inputs.device != device:
            inputs, targets = inputs.to(device, non_blocking=True), targets.to(device, non_blocking=True)
        optimizer.zero_grad()
        loss = compute_loss(inputs, targets)
        part = loss * weight_of(len(inputs), loss) if together else loss
        stepped = True
        if scaling:
            stepped = _scaled_step(part, optimizer, scaler)
        else:
            part.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if scheduler is not None and stepped:
            scheduler.step()
        losses.append(loss.detach())
        sizes.append(inputs.shape[0])
    return losses, sizes


def _scaled_step(loss: Tensor, optimizer: Optimizer, scaler: torch.amp.GradScaler) -> bool:
    """Take a step with scaled gradients; return whether it was taken, since one that overflows is left out."""
    scale = scaler.get_scale()
    scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    scaler.step(optimizer)
    scaler.update()
    return scaler.get_scale() >= scale


def _loss_function(model: nn.Module, loss_fn: Loss, precision: Precision) -> Loss:
    """Return (inputs, targets) -> loss; float32 goes without a context, which a tiny model would feel each step."""
    if precision.dtype == torch.float32:
        return lambda inputs, targets: loss_fn(model(inputs), targets)

    def in_low_precision(inputs: Tensor, targets: Tensor) -> Tensor:
        with precision.autocast():
            return loss_fn(model(inputs), targets)

    return in_low_precision


def _mean_loss(losses: list[Tensor], sizes: list[int], epoch: int) -> float:
    """Return the mean over examples, or say at which step the loss stopped being a number."""
    if not losses:
        raise TrainingError(f"epoch {epoch} had no batch: the training set or the batches' iterator is empty")
    per_step, weights = torch.stack(losses).double().cpu(), torch.tensor(sizes, dtype=torch.float64)
    if world_size() > 1:
        per_step, weights = _over_processes(per_step, weights)
    broken = (~per_step.isfinite()).nonzero()
    if len(broken):
        step = int(broken[0]) + 1
        raise TrainingError(
            f"the loss became {per_step[step - 1].item()} in epoch {epoch}, step {step} of {len(losses)}. "
            "Likely causes: a learning rate that is too high, inputs that are not finite or not standardized, "
            "log of zero or division by zero in the loss"
        )
    return float((per_step * weights).sum() / weights.sum())


def _over_processes(losses: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Return each step's mean loss over the examples of all processes, and their number."""
    every, counts = gather(losses[None]), gather(sizes[None])  # (processes, steps)
    return (every * counts).sum(dim=0) / counts.sum(dim=0), counts.sum(dim=0)
