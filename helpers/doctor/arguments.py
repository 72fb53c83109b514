"""What a reader may hand in by mistake, answered in a sentence: what was expected, what came, what to do."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from torch import nn
from torch.utils.data import Dataset, IterableDataset

from helpers.doctor.causes import CAUSES
from helpers.doctor.probing.program import Program, ProgramError
from helpers.names import did_you_mean

P = ParamSpec("P")
R = TypeVar("R")
FUNCTIONS = {
    "loss_fn": "(output, target) -> loss",
    "step": "(model, batch) -> loss",
    "train_step": "(model, batch, optimizer) -> loss",
    "evaluate": "(model, batches) -> number",
}


def in_a_sentence(function: Callable[P, R]) -> Callable[P, R]:
    """Let a call with missing or unknown arguments end in a ProgramError."""
    signature = inspect.signature(function)
    needed = [name for name, one in signature.parameters.items() if one.default is one.empty]

    @functools.wraps(function)
    def called(*places: P.args, **named: P.kwargs) -> R:
        try:
            signature.bind(*places, **named)
        except TypeError as error:
            form = f"doctor.{function.__name__}({', '.join([*needed, '...'])})"
            odd = next((name for name in named if name not in signature.parameters), "")
            hint = did_you_mean(odd, signature.parameters, "")
            end = hint or f"help(doctor.{function.__name__}) says what each argument is"
            raise ProgramError(f"expected {form}, got other arguments: {error}; {end}") from None
        return function(*places, **named)

    return called


def names(given: Iterable[str] | None, argument: str) -> tuple[str, ...] | None:
    """Return names that an argument lists; a text alone would be taken letter by letter."""
    if isinstance(given, str):
        raise ProgramError(f'expected a list of names as {argument}, got a text; write {argument}=["{given}"]')
    return None if given is None else tuple(given)


def known(expected: tuple[str, ...]) -> tuple[str, ...]:
    """Return ids of causes, or say which is none."""
    for name in expected:
        if name not in CAUSES:
            hint = did_you_mean(str(name), CAUSES, "doctor.CAUSES has all")
            raise ProgramError(f"expected= names {name}, which is no cause; {hint}")
    return expected


def refuse_odd(program: Program) -> None:
    """Raise where a part of a program is of a kind that cannot be examined."""
    refuse_model(program.model)
    for name, form in FUNCTIONS.items():
        given = getattr(program, name)
        if given is not None and (isinstance(given, type) or not callable(given)):
            raise ProgramError(f"expected a function {form} as {name}, got {kind(given)}")
    refuse_optimizers(program.optimizer)
    for name, batches in (("batches", program.batches), ("valid", program.valid)):
        if batches is not None:
            refuse_batches(batches, name)


def refuse_model(model: Any) -> None:
    """Raise where this is no network."""
    if not isinstance(model, nn.Module):
        raise ProgramError(f"expected a torch.nn.Module as model, got {kind(model)}")


def refuse_optimizers(given: Any) -> None:
    """Raise where this is neither an optimizer nor a dict of them; a wrapper of one will do."""
    several = [] if given is None else list(given.values()) if isinstance(given, Mapping) else [given]
    for one in several:
        if isinstance(one, type) or not hasattr(one, "param_groups"):
            raise ProgramError(f"expected a torch.optim.Optimizer or a dict of them, got {kind(one)}")


def refuse_batches(batches: Any, name: str) -> None:
    """Raise where this cannot be passed over, or gives samples one by one."""
    wanted = f"expected a DataLoader or a list of batches as {name}"
    if isinstance(batches, Dataset) and not isinstance(batches, IterableDataset):
        came = f"the data set {type(batches).__name__}, which gives one sample at a time"
        raise ProgramError(f"{wanted}, got {came}; write DataLoader(dataset, batch_size=32)")
    passed_over = hasattr(batches, "__iter__") or hasattr(
        batches, "__getitem__"
    )  # without beginning: workers start then
    if not passed_over or isinstance(batches, (str, bytes, Mapping, type)):  # a text is gone through by letters
        raise ProgramError(f"{wanted}, got {kind(batches)}")


def kind(thing: Any) -> str:
    """Return what came, in words: of a class, that it has not been called."""
    if isinstance(thing, type):
        return f"the class {thing.__name__}; call it with its arguments"
    return type(thing).__name__
