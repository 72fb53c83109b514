"""Checks a chapter's parameters before any data is read, and refuses names that the chapter does not have.

papermill only warns about a parameter that the notebook never uses, so ``-p epoch 3`` would run with the default
number of epochs and look like a success.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any

Rule = Sequence[str] | tuple[int, int] | tuple[float, float] | type[bool]
_LITERALS = (bool, int, float, str, list, dict, tuple, set, type(None))
_NOT_PARAMETERS = {"In", "Out"}  # what IPython itself keeps in a notebook's namespace
SEED_RULE = (0, 2**32 - 1)  # the range that NumPy accepts


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
        namespace: a notebook's ``globals()`` right after its parameters (and papermill's injected cell).
        rules: name -> list of choices, ``(low, high)`` of ints or of floats (both ends included), or ``bool``.

    Raises:
        ParameterError: one sentence that names the parameter, its value, what is allowed and, for a name that the
            chapter does not have, the nearest one that it has.
    """
    for name, value in namespace.items():
        if _looks_like_a_parameter(name, value) and name not in rules:
            raise ParameterError(_unknown(name, value, list(rules)))
    missing = [name for name in rules if name not in namespace]
    if missing:
        raise ParameterError(f"the parameters cell must define {missing[0]!r}, since the start cell has a rule for it")
    return {name: _checked(name, namespace[name], rule) for name, rule in rules.items()}


def _looks_like_a_parameter(name: str, value: Any) -> bool:
    return not name.startswith("_") and name not in _NOT_PARAMETERS and isinstance(value, _LITERALS)


def _unknown(name: str, value: Any, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"its parameters are {', '.join(known)}."
    return f"this chapter has no parameter {name!r} (given as {value!r}); {hint}"


def _checked(name: str, value: Any, rule: Rule) -> Any:
    if rule is bool:
        good = isinstance(value, bool)
    elif isinstance(rule, tuple):
        good = _in_range(value, *rule)
    else:
        good = isinstance(value, str) and value in rule
    if not good:
        raise ParameterError(f"parameter {name!r} is {value!r}, but must be {describe_rule(rule)}{_near(value, rule)}.")
    return float(value) if isinstance(rule, tuple) and isinstance(rule[0], float) else value


def _in_range(value: Any, low: float, high: float) -> bool:
    allowed = (int, float) if isinstance(low, float) else int
    if isinstance(value, bool) or not isinstance(value, allowed):
        return False
    return math.isfinite(value) and low <= value <= high


def describe_rule(rule: Rule) -> str:
    """Say in words what a rule allows, for example ``a whole number from 1 to 100``."""
    if rule is bool:
        return "True or False"
    if isinstance(rule, tuple):
        kind = "a number" if isinstance(rule[0], float) else "a whole number"
        return f"{kind} from {_written(rule[0])} to {_written(rule[1])}"
    return "one of " + ", ".join(repr(choice) for choice in rule)


def _written(limit: float) -> str:
    """Write a limit as the parameters cells do: 1, 0.5, 10000 and 1e-6, never 1e-06 or 0.000001."""
    if limit and abs(limit) < 1e-3:
        digits, exponent = f"{limit:e}".split("e")
        return f"{float(digits):g}e{int(exponent)}"
    return f"{limit:.15g}"


def _near(value: Any, rule: Rule) -> str:
    if rule is bool or isinstance(rule, tuple) or not isinstance(value, str):
        return ""
    nearest = difflib.get_close_matches(value, list(rule), n=1, cutoff=0.5)
    return f" (nearest: {nearest[0]!r})" if nearest else ""
