"""Do all samples end with one answer, at a loss that no batch changes any more?"""

import math
from collections.abc import Iterator
from statistics import mean, pstdev
from typing import Any

import torch

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.main_answer import main_first
from helpers.doctor.probing.program import Program, loss_of, outputs, split
from helpers.doctor.probing.trees import floats
from helpers.doctor.recording.run import losses, trained

MORE = 30  # steps, where the answers come closer and closer
SECONDS = 2.5
ROUNDING = 1e-7
CLOSER = 0.5  # of the spread at the start, after the one training
LITTLE = 0.03  # of the spread at the start; and of the mean loss that batches differ by


def check_collapse(program: Program) -> Iterator[Finding]:
    """Train on, and compare how far apart the answers to different samples are before and after."""
    if len(program.optimizers) != 1 or len(program.sample) < 3:
        return
    before, start = _spread(program), mean(_losses(program))
    taken = len(trained(program).losses)
    halfway = _spread(program)
    if not before or halfway is None or not halfway < CLOSER * before:
        return
    program.model.train()
    taken += sum(1 for _ in losses(program, MORE, SECONDS))
    after, end = _spread(program), _losses(program)
    if (
        not before
        or before < ROUNDING
        or after is None
        or not after <= LITTLE * before
        or not all(map(math.isfinite, end))
    ):
        return
    if pstdev(end) < LITTLE * abs(mean(end)) and abs(mean(end)) > 0.05 * abs(start):
        yield found(
            "outputs-collapse",
            f"after {taken} steps the answers to the samples differ by {after:.2g} where it was {before:.2g}, and "
            f"the loss is {mean(end):.3g} on every batch, to within {pstdev(end):.2g}",
        )


def _losses(program: Program) -> list[float]:
    with torch.no_grad():
        return [float(loss_of(program, batch)) for batch in program.sample]


def _spread(program: Program) -> float | None:
    """Return the standard deviation of the answers to the samples, None without such an answer."""
    spreads = []
    with torch.no_grad():
        for batch in program.sample:
            answer = _answer(program, split(batch)[0])
            if answer is None or answer.dim() < 2 or len(answer) < 2:
                return None
            spreads.append(float(answer.float().flatten(1).std(0).mean()))
    return mean(spreads)


def _answer(program: Program, inputs: Any) -> torch.Tensor | None:
    try:
        found = main_first(program, floats(outputs(program.model, inputs)))
        return found[0] if found else None
    except Exception:  # a program with its own step may call its model otherwise
        return None
