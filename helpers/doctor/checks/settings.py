"""Numbers that a program keeps as the weight of a term, and that nothing in its step reads."""

import re
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.running import take_step
from helpers.doctor.probing.state import restored
from helpers.doctor.probing.trees import cloned

WEIGHT = re.compile(r"(^|_)(\w*weight|coef\w*|lambda\w*|lambd?|beta|alpha)(_|$)", re.IGNORECASE)
OTHER = re.compile("decay|momentum|dropout|ema", re.IGNORECASE)  # what an optimizer or a copy reads
SHAPE = re.compile("alpha", re.IGNORECASE)  # in a model, often of its width
STEPS = 3  # a weight may grow from 0 with the steps, and tasks may take turns
Setting = tuple[str, float, Callable[[float], None]]  # its name, its value, and how it is set


def check_settings(program: Program) -> Iterator[Finding]:
    """Multiply each kept weight of a term by ten: the loss, or the weights after a step, should change."""
    every = list(_settings(program))
    if not every:
        return
    program.model.train()
    before = _outcome(program)
    if not _equal(before, _outcome(program)):
        return  # random numbers from elsewhere
    for name, value, put in every:
        try:
            put(10 * value)
            after = _outcome(program)
        finally:
            put(value)
        if _equal(before, after):
            loss = float(before[0].reshape(-1)[0])
            rest = ", and every weight after the step is the same" if program.train_step is not None else ""
            yield found(
                "setting-without-effect",
                f"{name} is {value:g}; when it is {10 * value:g}, the loss stays at {loss:.4g}{rest}",
                "suspicion",
            )
            return


def _outcome(program: Program) -> list[Tensor]:
    """Return the loss of a batch and, where the program makes its whole step, the weights after it."""
    with restored(program), attributes_of(program.model):
        if program.train_step is None:
            with torch.no_grad():
                return [loss_of(program, cloned(program.sample[0])).detach().clone() for _ in range(STEPS)]
        losses = [take_step(program, cloned(program.sample[0])) for _ in range(STEPS)]
        return [torch.tensor(losses), *(parameter.detach().clone() for parameter in program.model.parameters())]


def _equal(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


def _settings(program: Program) -> Iterator[Setting]:
    """Yield the settings of the reader's own modules and functions: attributes, and what a function closes over."""
    functions = [one for one in (program.step, program.train_step, program.loss_fn) if one is not None]
    modules = [module for one in (program.model, *functions) if isinstance(one, nn.Module) for module in one.modules()]
    for module in modules:
        if not type(module).__module__.startswith("torch."):
            yield from _attributes(module)
    for function in functions:
        if isinstance(function, types.MethodType) and not isinstance(function.__self__, nn.Module):
            yield from _attributes(function.__self__)
        if isinstance(function, types.FunctionType):
            yield from _cells(function)


def _attributes(owner: Any) -> Iterator[Setting]:
    for name, value in list(getattr(owner, "__dict__", {}).items()):
        shape = isinstance(owner, nn.Module) and SHAPE.search(name) and next(owner.parameters(), None) is not None
        if _is_weight(name, value) and not shape:

            def put(number: float, name: str = name) -> None:
                setattr(owner, name, number)

            yield f"{type(owner).__name__}.{name}", value, put


def _cells(function: types.FunctionType) -> Iterator[Setting]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not filled yet
            continue
        if _is_weight(name, value):

            def put(number: float, cell: types.CellType = cell) -> None:
                cell.cell_contents = number

            yield f"'{name}', which {function.__name__} closes over,", value, put


def _is_weight(name: str, value: Any) -> bool:
    kept = isinstance(value, (int, float)) and not isinstance(value, bool) and value not in (0, 1)
    return kept and WEIGHT.search(name) is not None and OTHER.search(name) is None
