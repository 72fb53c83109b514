"""Expectations: claims that a chapter makes, computed live, shown with a tick or a cross and recorded as data.

A missed expectation does not raise: a reader who sets ``epochs = 1`` should see the cross, and that the text beside it
speaks of other settings, and go on. The build of the book fails on any cross.
"""

import html
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from helpers.runtime.show import show_line

CLAIM_MIME = "application/vnd.course.claim+json"
COLOR = re.compile(r"\x1b\[[0-9;]*m")  # some libraries color their messages for a terminal
MISSED = ". The text around it describes a run with the chapter's own parameters, and may not hold for this one."
_MISSING = object()


def expect(
    name: str, value: Any, *, at_least: float | None = None, at_most: float | None = None, equals: Any = _MISSING
) -> None:
    """Show whether a claim holds and record it in the notebook.

    Args:
        name: what is claimed, for example ``test accuracy``.
        value: int, float, bool, str, or anything with ``item()`` that holds one number.
        at_least: lowest allowed value, included.
        at_most: highest allowed value, included. Both together mean a range.
        equals: the one allowed value, compared exactly.

    Raises:
        ValueError: no bound was given, so nothing would be claimed.
    """
    bounds = {"at_least": _plain(at_least), "at_most": _plain(at_most)}
    bounds = {kind: bound for kind, bound in bounds.items() if bound is not None}
    if equals is not _MISSING:
        bounds["equals"] = _plain(equals)
    if not bounds:
        raise ValueError(f"expect({name!r}, ...) needs at_least, at_most or equals: without one it claims nothing")
    value = _plain(value)
    passed = all(_holds(value, kind, bound) for kind, bound in bounds.items())
    claim = {"name": name, "value": _json_safe(value), "bound": _json_safe(bounds), "passed": passed}
    line = f"{'✓' if passed else '✗'} {name}: {short(value)} (expected {_words(bounds)}){'' if passed else MISSED}"
    style = "expect expect-passed" if passed else "expect expect-missed"
    page = f'<div class="{style}">{html.escape(line)}</div>'
    show_line(line, {"text/html": page, CLAIM_MIME: claim})


def _plain(value: Any) -> Any:
    """Turn a 0-d tensor or a NumPy scalar into a Python number."""
    return value.item() if hasattr(value, "item") else value


def _holds(value: Any, kind: str, bound: Any) -> bool:
    if kind == "equals":
        return bool(value == bound)
    return bool(value >= bound) if kind == "at_least" else bool(value <= bound)


def _json_safe(value: Any) -> Any:
    """JSON has no NaN and no infinity: keep them as words."""
    if isinstance(value, dict):
        return {key: _json_safe(item) for key, item in value.items()}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def short(value: Any) -> str:
    """A value as the line of a claim shows it: a float with four digits, and 15,260 rather than 1.526e+04."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if 9999.5 <= abs(value) < 1e9 else f"{value:.4g}"


def _words(bounds: dict[str, Any]) -> str:
    if "equals" in bounds:
        return short(bounds["equals"])
    return " and ".join(f"{kind.replace('_', ' ')} {short(bound)}" for kind, bound in bounds.items())


@dataclass
class Symptom:
    """The exception that a block raised, as text.

    Attributes:
        name: the exception's class name, or "" if the block raised nothing.
        message: its message, or "".
    """

    name: str = ""
    message: str = ""


@contextmanager
def symptom(*types: type[BaseException]) -> Iterator[Symptom]:
    """Run a block that is expected to fail, and print the exception instead of stopping the notebook.

    Args:
        types: the exceptions to catch; ``Exception`` if none is named. Others go through.

    Yields:
        A Symptom, filled in when the block ends.
    """
    caught = Symptom()
    expected = types or (Exception,)
    try:
        yield caught
    except expected as error:
        caught.name, caught.message = type(error).__name__, COLOR.sub("", str(error))
        first_line = caught.message.strip().splitlines()[0] if caught.message.strip() else ""
        print(f"{caught.name}: {first_line}")
    else:
        print("no error")
