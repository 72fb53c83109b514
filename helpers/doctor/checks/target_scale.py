"""Targets so large that no number of usual steps brings the answers near them."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.collected import training_set
from helpers.doctor.probing.loss_probe import LossProbe
from helpers.doctor.probing.program import Program, split
from helpers.doctor.probing.running import answers, largest_batch, take_step
from helpers.doctor.probing.state import restored
from helpers.doctor.probing.trees import cloned, mapped, tensors

STEPS = 30
FAR = 20.0  # times the size of the first answers, and of 1


def check_target_scale(program: Program) -> Iterator[Finding]:
    """Train a little on the targets as they are, and on standardized ones: how much do the answers explain?"""
    data = training_set(program)
    targets, probe = data.targets, LossProbe(program, largest_batch(program))
    answer = probe.answer
    if targets is None or not targets.is_floating_point() or data.labels is not None or program.step is not None:
        return
    if answer.shape[1:] != targets.shape[1:] or len(targets) < 16 or not all(map(_pair, program.sample)):
        return
    middle, spread = targets.float().mean(), targets.float().std()
    if float(spread) == 0 or max(abs(float(middle)), float(spread)) < FAR * max(1.0, float(answer.abs().max())):
        return
    start = _error(program, middle, spread, 0, standard=False)
    raw, standard = (_error(program, middle, spread, STEPS, standard=each) for each in (False, True))
    if raw > 0.9 and standard < 0.8 * raw:
        way = 1 - (raw / start) ** 0.5
        yield found(
            "targets-badly-scaled",
            f"the targets lie {float(spread):.3g} around {float(middle):.3g}, the first answers are at most "
            f"{float(answer.abs().max()):.2g}; {STEPS} steps take {max(way, 0.0):.1%} of the error away and leave "
            f"{raw:.3g} times that of the mean as the answer, {standard:.2g} times with targets of mean 0 and spread 1",
            "fault" if way < 0.05 else "suspicion",
        )


def _pair(batch: Any) -> bool:
    return isinstance(batch, (tuple, list)) and len(batch) == 2


def _error(program: Program, middle: Tensor, spread: Tensor, steps: int, *, standard: bool) -> float:
    """Return the squared error after so many steps, as a share of that of the mean as the answer."""

    def change(target: Tensor) -> Tensor:
        return (target - middle.to(target)) / spread.to(target) if standard else target

    batches = [(inputs, mapped(change, target)) for inputs, target in program.sample]
    with restored(program):
        program.model.train()
        for step in range(steps):
            with attributes_of(program.model):
                take_step(program, cloned(batches[step % len(batches)]))
        wrong = [(answers(program, split(batch)[0])[0] - next(tensors(batch[1]))).square().mean() for batch in batches]
    size = 1.0 if standard else float(spread) ** 2
    return float(torch.stack(wrong).mean()) / size
