"""Units of a layer that are copies of one another."""

from collections.abc import Iterator

from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import take_step, trainable
from helpers.doctor.probing.trees import cloned

STEPS = 3


def check_equal_units(program: Program) -> Iterator[Finding]:
    """Look for layers whose units start equal and are still equal after a few steps that moved them."""
    equal = {name: p for name, p in trainable(program).items() if _rows_equal(p)}
    if not equal:
        return
    start = {name: parameter.detach().clone() for name, parameter in equal.items()}
    program.model.train()
    for step in range(STEPS):
        take_step(program, cloned(program.sample[step % len(program.sample)]))
    idle = [name for name, p in equal.items() if bool((p == start[name]).all()) and _no_gradient(p)]
    copies = [name for name, p in equal.items() if _rows_equal(p) and not bool((p == start[name]).all())]
    if copies:
        rows = equal[copies[0]].shape[0]
        yield found(
            "units-start-equal",
            f"the {rows} units of {copies[0]} have the same weights, and still have after {STEPS} steps",
        )

    elif idle:
        yield found(
            "units-start-equal",
            f"all {equal[idle[0]].shape[0]} units of {idle[0]} start equal and have a gradient of 0 in {STEPS} steps",
        )


def _no_gradient(parameter: Tensor) -> bool:
    return parameter.grad is not None and not bool((parameter.grad != 0).any())


def _rows_equal(parameter: Tensor) -> bool:
    """True for a matrix or filter bank of at least two rows that are all equal."""
    if parameter.dim() < 2 or parameter.shape[0] < 2:
        return False
    return bool((parameter == parameter[:1]).all())
