"""The space of a sweep: one axis per parameter, as it is typed on the command line."""

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apps.sweep.errors import SweepError, nearest

if TYPE_CHECKING:
    from optuna import Trial

Value = bool | int | float | str
RANGES = {"float": float, "log": float, "int": int, "intlog": int}
KINDS = [*RANGES, "choice"]
USAGE = "-p NAME log|float|int|intlog LOW HIGH, or -p NAME choice A B ..."


@dataclass(frozen=True)
class Axis:
    """One parameter and where it may lie.

    Attributes:
        name: the parameter's name in the notebook.
        kind: "float" or "int" (uniform), "log" or "intlog" (uniform in the logarithm), or "choice".
        values: low and high, both included; or the choices.
    """

    name: str
    kind: str
    values: tuple[Value, ...]

    @property
    def is_log(self) -> bool:
        """Whether factors matter, not differences."""
        return self.kind in ("log", "intlog")


def parse_axis(words: Sequence[str]) -> Axis:
    """Read the words after one ``-p``.

    Args:
        words: name, kind and values; or all of them in one word, such as ``"x float -1e-3 1"``.

    Raises:
        SweepError: too few words, an unknown kind, or limits that are no numbers or no range.
    """
    words = shlex.split(words[0]) if len(words) == 1 else list(words)
    if len(words) < 3:
        raise SweepError(f"-p {' '.join(words)} is incomplete; write {USAGE}.")
    name, kind, *values = words
    if kind not in KINDS:
        raise SweepError(f"parameter {name!r} has the unknown kind {kind!r}; {nearest(kind, KINDS)}")
    if kind == "choice":
        return Axis(name, kind, _distinct(name, values))
    return Axis(name, kind, _limits(name, kind, values))


def _distinct(name: str, values: list[str]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise SweepError(f"parameter {name!r} lists a choice twice: {' '.join(values)}.")
    return tuple(values)


def _limits(name: str, kind: str, values: list[str]) -> tuple[Value, ...]:
    whole = RANGES[kind] is int
    if len(values) != 2:
        raise SweepError(f"parameter {name!r} of kind {kind} needs two limits, LOW and HIGH, but got {len(values)}.")
    try:
        low, high = (RANGES[kind](value) for value in values)
    except ValueError:
        wanted = "whole numbers" if whole else "numbers"
        raise SweepError(f"the limits of {name!r} must be {wanted}, but are {values[0]!r} and {values[1]!r}.") from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise SweepError(f"the range of {name!r} goes from {values[0]} to {values[1]}: LOW must be below HIGH.")
    if kind in ("log", "intlog") and low <= 0:
        raise SweepError(f"the range of {name!r} starts at {values[0]}, but a logarithmic one must start above 0.")
    return (low, high)


def suggest(trial: "Trial", axes: Sequence[Axis]) -> dict[str, Value]:
    """Ask the study's sampler for one value per axis."""
    found: dict[str, Value] = {}
    for axis in axes:
        if axis.kind == "choice":
            choice: Any = trial.suggest_categorical(axis.name, axis.values)
            found[axis.name] = choice
            continue
        low, high = float(axis.values[0]), float(axis.values[1])
        if RANGES[axis.kind] is int:
            found[axis.name] = trial.suggest_int(axis.name, int(low), int(high), log=axis.is_log)
        else:
            found[axis.name] = trial.suggest_float(axis.name, low, high, log=axis.is_log)
    return found


def show_value(value: object) -> str:
    """Return a value as a table shows it: four significant digits are enough for a float."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
