"""The search space: one Optuna distribution per parameter, as it is typed on the command line."""

import math
import shlex
from collections.abc import Mapping, Sequence

from optuna import Trial
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from apps.sweep.messages import SweepError, quoted
from apps.sweep.notebook import Value
from apps.sweep.parameters import TYPES, parse_value
from helpers.names import did_you_mean

Distribution = FloatDistribution | IntDistribution | CategoricalDistribution
SearchSpace = Mapping[str, Distribution]

KINDS = ("float", "log", "int", "intlog", "choice")
KINDS_OF = {"float": KINDS, "int": ("int", "intlog", "choice"), "str": ("choice",), "bool": ("choice",)}
USAGE = "-p NAME log|float|int|intlog LOW HIGH, or -p NAME choice A B ..."


def parse_search_space(options: Sequence[Sequence[str]], types: Mapping[str, str]) -> dict[str, Distribution]:
    """Read the words after every ``-p``.

    Args:
        options: for each ``-p`` the name, the kind and the values; or all in one word, such as ``"x float -1e-3 1"``.
        types: name -> type of the notebook's parameters.

    Raises:
        SweepError: a name that the notebook does not have or that is given twice, an unknown kind or one that does
            not fit the parameter's type, or limits that are no numbers or no range.
    """
    space: dict[str, Distribution] = {}
    for option in options:
        words = shlex.split(option[0]) if len(option) == 1 else list(option)
        if len(words) < 3:
            raise SweepError(f"-p {' '.join(words)} is incomplete; write {USAGE}.")
        name, kind, *values = words
        check_name(name, types)
        if name in space:
            raise SweepError(f"parameter {name!r} is given twice.")
        _check_kind(name, kind, types[name])
        space[name] = _choices(name, values, types[name]) if kind == "choice" else _range(name, kind, values)
    return space


def parse_fixed(options: Sequence[Sequence[str]], types: Mapping[str, str], space: SearchSpace) -> dict[str, Value]:
    """Read name and value after every ``--set``.

    Raises:
        SweepError: a name that the notebook does not have or that is given twice, or a value of another type.
    """
    fixed: dict[str, Value] = {}
    for name, text in options:
        check_name(name, types)
        if name in fixed or name in space:
            raise SweepError(f"parameter {name!r} is given twice.")
        fixed[name] = parse_value(name, text, types[name])
    return fixed


def check_name(name: str, types: Mapping[str, str]) -> None:
    """Refuse a parameter that the notebook does not have, or whose type a sweep cannot set."""
    if name not in types:
        raise SweepError(f"the notebook has no parameter {quoted(name)}; {did_you_mean(name[:100], list(types))}")
    if types[name] not in TYPES:
        odd = f"is annotated {types[name]}; a sweep needs one that is annotated"
        unknown = "has no annotation, and a value that does not tell its type; annotate it as"
        raise SweepError(f"parameter {name!r} {odd if types[name] else unknown} int, float, str or bool.")


def _check_kind(name: str, kind: str, of_type: str) -> None:
    if kind not in KINDS:
        raise SweepError(
            f"parameter {name!r} has the unknown kind {quoted(kind)}; {did_you_mean(kind[:100], list(KINDS))}"
        )
    allowed = KINDS_OF[of_type]
    if kind not in allowed:
        said = f"parameter {name!r} is {of_type} in the notebook"
        raise SweepError(f"{said}, so its kind cannot be {kind}: {' or '.join(allowed)}.")


def _choices(name: str, values: Sequence[str], of_type: str) -> CategoricalDistribution:
    choices = [parse_value(name, value, of_type) for value in values]
    if len(set(choices)) != len(choices):
        raise SweepError(f"parameter {name!r} lists a choice twice: {quoted(' '.join(values))}.")
    return CategoricalDistribution(choices)


def _range(name: str, kind: str, values: Sequence[str]) -> FloatDistribution | IntDistribution:
    if len(values) != 2:
        raise SweepError(f"parameter {name!r} of kind {kind} needs two limits, LOW and HIGH, but got {len(values)}.")
    is_log = kind.endswith("log")
    low, high = (parse_value(name, value, "int" if kind.startswith("int") else "float") for value in values)
    limits = f"the range of {name!r} goes from {values[0]} to {values[1]}"
    if not float(low) < float(high):
        raise SweepError(f"{limits}: LOW must be below HIGH.")
    if is_log and float(low) <= 0:
        raise SweepError(f"{limits}, but a logarithmic one must start above 0.")
    if kind.startswith("int"):
        return IntDistribution(int(low), int(high), log=is_log)
    if not math.isfinite(float(high) - float(low)):
        raise SweepError(f"{limits}, which is too wide.")
    return FloatDistribution(float(low), float(high), log=is_log)


def describe(name: str, distribution: Distribution) -> str:
    """Return the words that one types after ``-p`` for this distribution."""
    if isinstance(distribution, CategoricalDistribution):
        return " ".join([name, "choice", *map(str, distribution.choices)])
    kind = "int" if isinstance(distribution, IntDistribution) else "float"
    if distribution.log:
        kind = "intlog" if kind == "int" else "log"
    return f"{name} {kind} {distribution.low} {distribution.high}"


def suggest(trial: Trial, space: SearchSpace) -> dict[str, Value]:
    """Ask the study's sampler for one value per parameter."""
    found: dict[str, Value] = {}
    for name, at in space.items():
        if isinstance(at, CategoricalDistribution):
            choice = trial.suggest_categorical(name, at.choices)
            assert choice is not None
            found[name] = choice
        elif isinstance(at, IntDistribution):
            found[name] = trial.suggest_int(name, at.low, at.high, log=at.log)
        else:
            found[name] = trial.suggest_float(name, at.low, at.high, log=at.log)
    return found
