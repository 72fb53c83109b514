"""The program under examination: what ``examine`` was given, and how to run it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.trees import batch_length, cloned, mapped, tensors

SAMPLE = 8  # so many batches are looked at, unless a check reads the whole set


class ProgramError(ValueError):
    """The program cannot be examined; the sentence says what was expected and what came."""


class NoLoss(RuntimeError):  # noqa: N818
    """The program makes its loss inside train_step alone, so that no check can ask for it."""


@dataclass
class Program:
    """What was given to ``examine``; ``None`` for what was not."""

    model: nn.Module
    loss_fn: Callable[..., Tensor] | None
    batches: Iterable[Any]
    optimizer: Optimizer | Mapping[str, Optimizer] | None
    valid: Iterable[Any] | None = None
    step: Callable[..., Any] | None = None
    train_step: Callable[..., Any] | None = None
    evaluate: Callable[..., Any] | None = None
    scheduler: Any = None
    steps_per_epoch: int | None = None
    accumulate: int | None = None
    frozen: list[str] | None = None
    target: nn.Module | None = None
    checkpoint: Mapping[str, Any] | None = None
    padding: int | None = None
    expected: tuple[str, ...] = field(default=())

    @cached_property
    def sample(self) -> list[Any]:
        """The first batches, as copies: no check can change the reader's data. Read before anything else runs."""
        return [self.on_device(cloned(batch)) for batch in islice(iter(self.batches), SAMPLE)]

    @cached_property
    def valid_sample(self) -> list[Any]:
        """The first batches of the validation set, as copies; an empty list without one."""
        return [] if self.valid is None else [cloned(batch) for batch in islice(iter(self.valid), SAMPLE)]

    @property
    def optimizers(self) -> list[Optimizer]:
        """Every optimizer, also where a GAN has two."""
        if self.optimizer is None:
            return []
        return list(self.optimizer.values()) if isinstance(self.optimizer, Mapping) else [self.optimizer]

    @cached_property
    def answers_alone(self) -> bool:
        """True where the model runs on the inputs of a batch, without the step around it."""
        try:
            with torch.no_grad(), attributes_of(self.model):
                outputs(self.model, cloned(split(self.sample[0])[0]))
        except Exception:  # whatever a model says to inputs that its step would have brought into another form
            if self.step is None and self.train_step is None:
                raise
            return False
        return True

    @cached_property
    def calls(self) -> list[Any]:
        """The inputs of the model for each batch of the sample: the batch's own, or what the program hands the model.

        A tuple of arguments, or a dict of named ones; an empty list where the model is not called as a whole.
        """
        if self.answers_alone:
            return [split(batch)[0] for batch in self.sample]
        return [call for call in map(self._first_call, self.sample) if call is not None]

    def _first_call(self, batch: Any) -> Any:
        taken: list[Any] = []

        def note(_: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
            if not (args and named):
                taken.append(cloned(args or named))

        hook = self.model.register_forward_pre_hook(note, with_kwargs=True)
        try:
            if self.has_loss:
                with attributes_of(self.model):
                    loss_of(self, cloned(batch))
            elif self.train_step is not None:
                self.train_step(self.model, cloned(batch), self.optimizer)
        finally:
            hook.remove()
        return taken[0] if taken else None

    @property
    def has_loss(self) -> bool:
        """True where a loss can be computed apart from a whole training step."""
        return self.step is not None or self.loss_fn is not None

    @property
    def device(self) -> torch.device:
        """Where the model's first parameter lies."""
        first = next(self.model.parameters(), None)
        return torch.device("cpu") if first is None else first.device

    def on_device(self, tree: Any) -> Any:
        """Move a batch to the model, as the reader's loop does before the forward pass."""
        return mapped(lambda tensor: tensor.to(self.device), tree) if self.train_step is None else tree


def split(batch: Any) -> tuple[Any, Any]:
    """Return (inputs, targets) of a batch.

    A pair is taken as it is. Of a longer tuple the last part is the targets; of a mapping, its "labels" or "target".
    Anything else is inputs without targets.
    """
    if isinstance(batch, Mapping):
        name = next((key for key in ("labels", "label", "targets", "target") if key in batch), None)
        return {key: value for key, value in batch.items() if key != name}, batch.get(name) if name else None
    if isinstance(batch, (tuple, list)) and len(batch) > 1:
        return (batch[0] if len(batch) == 2 else tuple(batch[:-1])), batch[-1]
    return (batch[0] if isinstance(batch, (tuple, list)) and batch else batch), None


def outputs(model: nn.Module, inputs: Any) -> Any:
    """Run the model: ``model(*inputs)`` for a tuple, ``model(**inputs)`` for a mapping, else ``model(inputs)``."""
    if isinstance(inputs, (tuple, list)):
        return model(*inputs)
    return model(**inputs) if isinstance(inputs, Mapping) else model(inputs)


def loss_of(program: Program, batch: Any) -> Tensor:
    """Return the program's loss on a batch, as a scalar with its graph."""
    if program.step is not None:
        with torch.enable_grad():  # a step may need gradients for its loss, as training on attacked images does
            loss = program.step(program.model, batch)
    elif program.loss_fn is not None:
        inputs, targets = split(batch)
        loss = program.loss_fn(outputs(program.model, inputs), targets)
    else:
        raise NoLoss("the loss is made inside train_step alone; give step= or loss_fn=")
    first = next(tensors(loss), None)
    if first is None or first.numel() != 1:
        if first is None:
            came = f"{type(loss).__name__}, which has no gradient; return the tensor itself, without float() or .item()"
        else:
            came = f"a tensor of shape {tuple(first.shape)}; take its mean over the batch"
        raise ProgramError(f"expected one number as the loss, got {came}")
    return first.reshape(()) if torch.is_grad_enabled() else first.detach().reshape(())


def checked(program: Program) -> Iterator[str]:
    """Refuse what cannot be examined, and yield a sentence for what is examined in part only."""
    if not program.has_loss and program.train_step is None:
        raise ProgramError("expected a loss: give loss_fn(output, target), step(model, batch) or train_step")
    if iter(program.batches) is program.batches:
        yield "epochs: batches is used up after one pass; give a list or a DataLoader"
    try:
        empty = not program.sample
    except (AssertionError, RuntimeError) as error:
        raise ProgramError(f"the batches could not be brought to {program.device}: {error}") from error
    if empty:
        raise ProgramError(
            "expected at least one batch, got none; a generator may have been used up: give a list or a DataLoader"
        )
    if not any(batch_length(batch) for batch in program.sample):
        raise ProgramError(
            "expected batches of tensors, with samples along axis 0, got none; convert arrays with torch.as_tensor"
        )
    if next(program.model.parameters(), None) is None:
        yield "training: the model has no parameters"
