"""An evaluation that runs over other data than it is handed: over the training set, by a name that both have."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from helpers.doctor.causes import found
from helpers.doctor.checks.asking import Asking
from helpers.doctor.findings import Finding
from helpers.doctor.probing.collected import training_set, validation_set
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.trees import batch_length, mapped, rows, tensors


def of_other_data(program: Program) -> Iterator[Finding]:
    """Hand the evaluation half of the samples, and others' targets: its figure should change, or what it asks."""
    batches, train = program.valid_sample, training_set(program).inputs
    if train is None or not batches or batch_length(batches[0]) < 4:
        return
    asking = Asking(program)
    asked, figure = _asked(program, asking, batches)
    half = [rows(batch, slice(0, batch_length(batch) // 2)) for batch in batches[:1]]
    turned = [mapped(lambda tensor: tensor.flip(0) if tensor.dim() else tensor, batch) for batch in half]
    try:
        if figure != figure or any(asking.figure(other) != figure for other in (half, turned)):
            return
    except (RuntimeError, ValueError, IndexError):
        return  # it reads what it is handed
    known, handed = _rows([train]), _rows([x for batch in batches for x in tensors(batch)])
    own = _rows([x for x in [validation_set(program).inputs] if x is not None])
    if asked and not asked & (handed | own) and len(asked & known) > 0.9 * len(asked):
        yield found(
            "evaluation-of-other-data",
            f"the evaluation says {figure:.4g} whatever batches it is handed: it asks the model about {len(asked)} "
            "samples of the training set, and about none of those that it is handed",
        )


def _asked(program: Program, asking: Asking, batches: list[Any]) -> tuple[set[bytes], float]:
    """Return the samples that the model is asked about in one evaluation, and its figure."""
    asked: list[Tensor] = []

    def note(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
        first = next(tensors(inputs), None)
        if first is not None and first.dim():
            asked.append(first.detach().cpu().clone())

    hook = program.model.register_forward_pre_hook(note)
    try:
        figure = asking.figure(batches)
    finally:
        hook.remove()
    return _rows(asked), figure


def _rows(parts: list[Tensor]) -> set[bytes]:
    """Return the bytes of each sample."""
    plain = [part.detach().cpu().contiguous() for part in parts if part.dim()]
    return {row.reshape(-1).view(torch.uint8).numpy().tobytes() for part in plain for row in part if row.numel()}
