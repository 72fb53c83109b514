"""Axes that ``view`` or ``reshape``, which move no number, put in another order, where they should be permuted."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.running import largest_batch, take_step
from helpers.doctor.probing.trees import batch_length, cloned, rows, tensors

RESHAPES = {Tensor.view, Tensor.reshape, torch.reshape}
MOVED = 0.5  # share of the numbers that stand elsewhere than a permutation would put them


@dataclass(frozen=True)
class Reshape:
    """One reshape to the same axis lengths in another order."""

    call: int  # which reshape of the step it was
    before: tuple[int, ...]
    after: tuple[int, ...]
    moved: float
    laid_out: bool  # what was reshaped is data, or an answer of the model: its axes have a meaning


class _Reshapes(TorchFunctionMode):
    """Notes those reshapes that only put axes in another order."""

    def __init__(self, data: Any) -> None:
        super().__init__()
        self.calls = 0
        self.seen: list[Reshape] = []
        self.known = set(map(_memory, tensors(data)))

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Compare the result of a reshape with the permutation of the same axes; call everything as it is."""
        result = func(*args, **(kwargs or {}))
        if func in RESHAPES and isinstance(result, Tensor):
            self._note(args[0] if args else (kwargs or {})["input"], result)
        return result

    def _note(self, given: Tensor, result: Tensor) -> None:
        self.calls += 1
        old, new = given.detach().squeeze(), result.detach().squeeze()
        if old.shape == new.shape or sorted(old.shape) != sorted(new.shape) or not old.numel():
            return
        left = list(range(old.dim()))
        order = [left.pop(next(i for i, axis in enumerate(left) if old.shape[axis] == size)) for size in new.shape]
        moved = float((new != old.permute(order)).float().mean())
        laid_out = _memory(given) in self.known
        self.seen.append(Reshape(self.calls, tuple(given.shape), tuple(result.shape), moved, laid_out))


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def check_axes(program: Program) -> Iterator[Finding]:
    """Look for reshapes to the same axis lengths in another order, with a full batch and with one sample less."""
    program.model.train()
    batch = largest_batch(program)
    length = batch_length(batch)
    full = _seen(program, cloned(batch))
    fewer = {one.call for one in _seen(program, rows(cloned(batch), slice(0, length - 1)))} if length > 2 else set()
    sure = [one for one in full if one.call in fewer and one.moved > MOVED]
    if not sure:
        return
    one = sure[0]
    yield found(
        "axes-reshaped",
        f"a reshape makes {one.after} of {one.before}, the same axes in another order, and leaves {one.moved:.0%} of "
        "the numbers elsewhere than where moving the axes would put them",
        "fault" if one.laid_out else "suspicion",
    )


def _seen(program: Program, batch: Any) -> list[Reshape]:
    """Return the reshapes of one step."""
    mode = _Reshapes(batch)

    def note(_module: nn.Module, _inputs: Any, answer: Any) -> None:
        mode.known.update(map(_memory, tensors(answer)))

    hook = program.model.register_forward_hook(note)
    try:
        with mode, attributes_of(program.model):
            if program.has_loss:
                loss_of(program, batch)
            else:
                take_step(program, batch)
    except (RuntimeError, ValueError, IndexError):  # it may ask for a batch of one size
        pass
    finally:
        hook.remove()
    return mode.seen
