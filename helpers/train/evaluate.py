"""Predictions, loss and metrics of a model on a set of examples, without gradients."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn

from helpers.runtime import Precision, gather, share, unwrapped, world_size

Batch = tuple[Tensor, Tensor]
Loss = Callable[[Tensor, Tensor], Tensor]
Metric = Callable[[Tensor, Tensor], float]


@runtime_checkable
class LabelledExamples(Protocol):
    """Anything with the inputs (N, ...) and the targets (N, ...) of N examples, such as ``data.Examples``."""

    @property
    def inputs(self) -> Tensor: ...  # noqa: D102

    @property
    def targets(self) -> Tensor: ...  # noqa: D102


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Switch dropout off and batch normalization to its stored statistics; restore the model's mode afterwards."""
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(was_training)


def predict(model: nn.Module, inputs: Tensor, *, batch_size: int = 1024, precision: Precision | None = None) -> Tensor:
    """Return the model's outputs for all inputs, on the CPU in float32.

    Args:
        model: on any device; its mode is restored afterwards.
        inputs: shape (N, ...), N at least 1, on any device.
        batch_size: examples per forward pass; bounds the memory, not the result.
        precision: float32 unless given.

    Returns:
        Shape (N, ...), outside the graph.

    Raises:
        ValueError: there are no inputs.
    """
    if len(inputs) == 0:
        raise ValueError("expected at least one input to predict, got none")
    model = unwrapped(model)
    device = next(model.parameters()).device
    precision = precision or Precision()
    with evaluation_mode(model), precision.autocast():
        outputs = [model(chunk.to(device)).cpu() for chunk in torch.split(inputs, batch_size)]
    # Outside inference mode, so that the result may be used in a later graph.
    return torch.cat(outputs).clone().float()


def evaluate(
    model: nn.Module,
    examples: LabelledExamples | Iterable[Batch],
    loss_fn: Loss,
    *,
    metrics: Mapping[str, Metric] | None = None,
    batch_size: int = 1024,
    precision: Precision | None = None,
) -> dict[str, float]:
    """Return the loss and the metrics over all examples.

    Among several processes each predicts its share, and every process gets the same result; all must call it. Batches
    count as shares, so with ``DistributedSampler`` a few examples may count twice; ``data.Batches`` repeats none.

    Args:
        model: returns logits.
        examples: ``data.Examples``, or batches (inputs, targets) such as those of a DataLoader; N in all.
        loss_fn: (logits, targets) -> scalar, a mean over its batch.
        metrics: name -> function of (logits, targets) that returns a float.
        batch_size: examples per forward pass, unless they come in batches; bounds the memory, not the result.
        precision: of the forward pass; float32 unless given.

    Returns:
        ``{"loss": ..., **metrics}``, each computed once over all N examples, so that a smaller last batch cannot
        distort a mean.

    Raises:
        ValueError: there is no example.
    """
    if isinstance(examples, LabelledExamples):
        logits = _predict_together(model, examples.inputs, batch_size, precision)
        targets = examples.targets.cpu()
    else:
        logits, targets = (gather(mine) for mine in _predict_batches(model, examples, precision))
    result = {"loss": cast(float, loss_fn(logits, targets).item())}
    return result | {name: metric(logits, targets) for name, metric in (metrics or {}).items()}


def _predict_together(model: nn.Module, inputs: Tensor, batch_size: int, precision: Precision | None) -> Tensor:
    """Return the outputs for all inputs, each process having computed its share."""
    if len(inputs) < world_size():  # too few to go round: each process computes all
        return predict(model, inputs, batch_size=batch_size, precision=precision)
    return gather(predict(model, share(inputs), batch_size=batch_size, precision=precision))


def _predict_batches(model: nn.Module, batches: Iterable[Batch], precision: Precision | None) -> Batch:
    """Return all logits and all targets, on the CPU."""
    logits, targets = [], []
    for inputs, labels in batches:
        logits.append(predict(model, inputs, batch_size=len(inputs), precision=precision))
        targets.append(labels.cpu())
    if not logits:
        raise ValueError(
            "expected at least one batch to evaluate, got none; a generator can be passed over only once, "
            "so give a list of batches, a DataLoader or data.Batches"
        )
    return torch.cat(logits), torch.cat(targets)
