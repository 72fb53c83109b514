"""Which part of the model's output the loss reads, where the output is a tuple, a mapping or a dataclass."""

from typing import Any

import torch
from torch import Tensor, nn

from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of, outputs, split
from helpers.doctor.probing.trees import batch_length, cloned, floats, mapped, tensors


def main_first(program: Program, found: list[Tensor]) -> list[Tensor]:
    """Return the float tensors of an output with the one first that the loss reads, the others in their order."""
    place = main_place(program) if len(found) > 1 else 0
    if not 0 < place < len(found):
        return found
    return [found[place], *found[:place], *found[place + 1 :]]


def main_place(program: Program) -> int:
    """Return the place, among the float tensors of the output, of the first with a batch axis that the loss reads."""
    if "_main_place" not in vars(program):
        vars(program)["_main_place"] = 0  # also of what is asked while it is looked for
        vars(program)["_main_place"] = _place(program)
    place: int = vars(program)["_main_place"]
    return place


def _place(program: Program) -> int:
    if not program.answers_alone:
        return 0
    batch = program.sample[0]
    with torch.no_grad(), attributes_of(program.model):
        whole = outputs(program.model, cloned(split(batch)[0]))
    parts = floats(whole)
    if len(parts) < 2:
        return 0
    length = batch_length(split(batch)[0])
    with_axis = [place for place, part in enumerate(parts) if part.dim() and len(part) == length]
    used = [place for place in with_axis if place in _read_by_loss(program, batch, whole)]
    return next(iter(used or with_axis), 0)


def _read_by_loss(program: Program, batch: Any, whole: Any) -> set[int]:
    """Return the places of the parts that the loss has a gradient for."""
    leaves: dict[int, Tensor] = {}

    def leaf(tensor: Tensor) -> Tensor:
        return leaves.setdefault(id(tensor), tensor.detach().clone().requires_grad_(tensor.is_floating_point()))

    swapped = mapped(lambda tensor: leaf(tensor) if tensor.is_floating_point() else tensor, whole)
    parts = floats(swapped)
    try:
        with torch.enable_grad(), attributes_of(program.model):
            loss = _loss(program, batch, swapped)
            grads = torch.autograd.grad(loss, parts, allow_unused=True)
    except (RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError):
        return set()
    return {place for place, grad in enumerate(grads) if grad is not None and bool((grad != 0).any())}


def _loss(program: Program, batch: Any, swapped: Any) -> Tensor:
    """Return the loss of these outputs: by loss_fn, or by the step with the model's output replaced."""
    if program.step is None and program.loss_fn is not None:
        return next(tensors(program.loss_fn(swapped, split(batch)[1]))).reshape(())

    def replace(_module: nn.Module, _inputs: Any, _output: Any) -> Any:
        return swapped

    hook = program.model.register_forward_hook(replace)
    try:
        return loss_of(program, cloned(batch))
    finally:
        hook.remove()
