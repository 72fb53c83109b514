"""Checks a chapter's parameters before any data is read, and refuses names that the chapter does not have.

papermill only warns about a parameter that the notebook never uses, so ``-p epoch 3`` would run with the default
number of epochs and look like a success.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from helpers.names import did_you_mean
from helpers.runtime.assigned import assigned_parameters
from helpers.runtime.existing import ExistingPath

Rule = Sequence[str] | tuple[int, int] | tuple[float, float] | type[bool] | ExistingPath
SEED_RULE = (0, 2**32 - 1)  # the range that NumPy accepts
SHOWN = 60  # characters of a value that an error repeats


class ParameterError(ValueError):
    """A parameter of a chapter is unknown, of the wrong type or out of range.

    Front ends that ask (Jupyter, papermill) show the one sentence alone: a stack of frames inside the checker
    helps no reader.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"ParameterError: {self}"]


def check_parameters(namespace: Mapping[str, Any], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Return the checked parameters, in the order of the rules.

    Args:
        namespace: a notebook's ``globals()`` after its parameters (and papermill's injected cell).
        rules: name -> list of choices, ``(low, high)`` of ints or of floats (both ends included), ``bool``,
            ``EXISTING_FILE`` or ``EXISTING_FOLDER``.

    Returns:
        Name -> value. A float may be given as text, since ``1e-3`` in a YAML file is text; paths are absolute.

    Raises:
        ParameterError: one sentence that names the parameter, its value, what is allowed and, for a name that the
            chapter does not have, the nearest one that it has.
    """
    for name in assigned_parameters(namespace, rules):
        if name not in rules:
            given = _shown(namespace.get(name))
            hint = did_you_mean(name, rules, f"its parameters are {', '.join(map(repr, rules)) or 'none'}.")
            raise ParameterError(f"this chapter has no parameter {name!r} (given as {given}); {hint}")
    missing = [name for name in rules if name not in namespace]
    if missing:
        raise ParameterError(f"the parameters cell must define {missing[0]!r}, since the start cell has a rule for it")
    return {name: _checked(name, namespace[name], rule) for name, rule in rules.items()}


def describe_rule(rule: Rule) -> str:
    """Say in words what a rule allows, for example ``a whole number from 1 to 100``."""
    if rule is bool:
        return "True or False"
    if isinstance(rule, ExistingPath):
        return rule.description
    if isinstance(rule, tuple):
        kind = "a number" if isinstance(rule[0], float) else "a whole number"
        return f"{kind} from {_written(rule[0])} to {_written(rule[1])}"
    return "one of " + ", ".join(repr(choice) for choice in rule)


def _checked(name: str, value: Any, rule: Rule) -> Any:
    """Return the value as the chapter needs it, or raise ParameterError."""
    if isinstance(rule, ExistingPath):
        try:
            return rule.check(value)
        except ValueError as error:
            raise ParameterError(f"parameter {name!r} is {_shown(value)}, but {error}.") from None
    checked = _as_number(value) if isinstance(rule, tuple) and isinstance(rule[0], float) else value
    if rule is bool:
        good = isinstance(checked, bool)
    elif isinstance(rule, tuple):
        good = _in_range(checked, *rule)
    else:
        good = isinstance(checked, str) and checked in rule
    if good:
        return checked
    near = did_you_mean(value, rule, "") if isinstance(value, str) and isinstance(rule, list) else ""
    end = f"; {near}" if near else "."
    raise ParameterError(f"parameter {name!r} is {_shown(value)}, but must be {describe_rule(rule)}{end}")


def _as_number(value: Any) -> Any:
    """Return whole numbers, and text that is a number, as floats: YAML takes ``1e-3``, without a point, for text."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return value
    try:
        return float(value)
    except (ValueError, OverflowError):
        return value


def _in_range(value: Any, low: float, high: float) -> bool:
    allowed = (int, float) if isinstance(low, float) else int
    return isinstance(value, allowed) and not isinstance(value, bool) and low <= value <= high  # never so for NaN


def _shown(value: Any) -> str:
    """Write a value for an error, a long one cut short."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write whole numbers of more than 4,300 digits
        return "a whole number of several thousand digits"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"


def _written(limit: float) -> str:
    """Write a limit as the parameters cells do: 1, 0.5, 10000 and 1e-6, never 1e-06 or 0.000001."""
    if limit and abs(limit) < 1e-3:
        digits, exponent = f"{limit:e}".split("e")
        return f"{float(digits):g}e{int(exponent)}"
    return f"{limit:.15g}"
