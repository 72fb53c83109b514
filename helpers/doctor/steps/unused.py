"""Parts of a batch, of ones and zeros, that the step does not read: an episode's end, a mask."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.running import take_step
from helpers.doctor.probing.state import restored
from helpers.doctor.probing.trees import batch_length, cloned

STEPS = 3  # since tasks may take turns
TARGETS = ("labels", "label", "targets", "target")
Outcome = tuple[list[float], list[Tensor]]  # the losses of some steps, and the weights after them


def check_parts(program: Program) -> Iterator[Finding]:
    """Turn ones and zeros of one part of a batch round: the loss, or the weights after a step, should change."""
    program.model.train()
    batch = program.sample[0]
    for key in _flags(program, batch):
        before = _outcome(program, batch)
        if not _equal(before, _outcome(program, batch)):
            return  # random numbers from elsewhere
        if _equal(before, _outcome(program, _turned(batch, key))):
            share = float(batch[key].float().mean())
            name = f"part {key + 1} of the {len(batch)}" if isinstance(key, int) else f"'{key}'"
            after = ", and every weight after the step is the same" if program.train_step is not None else ""
            yield found(
                "batch-part-unused",
                f"{name} in a batch, {share:.0%} ones and the rest zeros, can be turned round without any effect: the "
                f"loss stays at {before[0][0]:.4g}{after}",
                "suspicion",
            )
            return


def _flags(program: Program, batch: Any) -> list[Any]:
    """Return where, in a batch of three parts or more, ones and zeros stand, at least one for each sample."""
    if isinstance(batch, Mapping):
        keys = [key for key in batch if key not in TARGETS]
    elif isinstance(batch, (tuple, list)) and len(batch) > 2:
        keys = list(range(len(batch) - (program.train_step is None)))  # the last part is the targets
    else:
        return []
    return [key for key in keys if isinstance(batch[key], Tensor) and _is_flag(batch[key], batch_length(batch))]


def _is_flag(part: Tensor, length: int) -> bool:
    if part.dim() == 0 or len(part) != length or part.is_complex():
        return False
    return bool(((part == 0) | (part == 1)).all()) and bool((part == 0).any()) and bool((part == 1).any())


def _turned(batch: Any, key: Any) -> Any:
    part = ~batch[key] if batch[key].dtype == torch.bool else 1 - batch[key]
    if isinstance(batch, Mapping):
        return {**batch, key: part}
    return [part if place == key else other for place, other in enumerate(batch)]


def _outcome(program: Program, batch: Any) -> Outcome:
    with restored(program), attributes_of(program.model):
        if program.train_step is None:
            with torch.no_grad():
                return [float(loss_of(program, cloned(batch))) for _ in range(STEPS)], []
        losses = [take_step(program, cloned(batch)) for _ in range(STEPS)]
        return losses, [one.detach().clone() for one in program.model.parameters()]


def _equal(first: Outcome, second: Outcome) -> bool:
    same = [a == b or (a != a and b != b) for a, b in zip(first[0], second[0], strict=True)]
    return all(same) and all(map(torch.equal, first[1], second[1]))
