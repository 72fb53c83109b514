"""An evaluation that remembers: counts that are never set back, answers that are kept from an earlier call."""

import math
from collections.abc import Iterator

import torch

from helpers.doctor.causes import found
from helpers.doctor.checks.asking import Asking
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import kick

APART = 1e-5  # of the figure


def of_earlier_calls(program: Program) -> Iterator[Finding]:
    """Evaluate twice, then with other weights, then with these again: the figure should be the first one."""
    cause, asking = "evaluation-keeps-state", Asking(program)
    first = asking.figure(program.valid_sample)
    asked = len(asking.asked)
    second = asking.figure(program.valid_sample)
    if asked and len(asking.asked) == asked:
        yield found(cause, f"the first evaluation asks the model {asked} times, and the second one never")
        return
    if not math.isfinite(first) or not _same(first, second):
        return  # a random figure
    own = [parameter.detach().clone() for parameter in program.model.parameters()]
    for seed in range(2):
        kick(program.model, share=1.0, seed=seed)
        between = asking.figure(program.valid_sample)
    with torch.no_grad():
        for parameter, value in zip(program.model.parameters(), own, strict=True):
            parameter.copy_(value)
    last = asking.figure(program.valid_sample)
    if not _same(first, last):
        seen = f"the evaluation says {first:.4g}; after one with other weights, which says {between:.4g}, it says"
        yield found(cause, f"{seen} {last:.4g} for the same weights and the same batches")


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= APART * max(abs(one), 1e-6)
