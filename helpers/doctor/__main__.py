"""``python -m helpers.doctor package.module:function [--json]`` examines the program that a function returns.

The function takes nothing and returns a dict of what ``examine`` takes, such as ``{"model": ..., "loss_fn": ...}``.
Exit status: 0 without a fault, 1 with one, 2 where the program cannot be examined.
"""

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helpers.doctor.examine import examine
from helpers.doctor.probing.program import ProgramError


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit status."""
    given = _parser().parse_args(words)
    try:
        program = dict(load(given.program)())
        expected = [*program.pop("expected", ()), *given.expected]
        report = examine(**{"loss_fn": None, **program}, expected=expected)
    except (ProgramError, TypeError) as error:
        print(f"{given.program}: {error}", file=sys.stderr)
        return 2
    print(report.to_json() if given.json else report)
    return 0 if report.healthy else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m helpers.doctor", description="Name the faults of a training program.")
    parser.add_argument("program", help="package.module:function, which returns a dict of what examine takes")
    parser.add_argument("--json", action="store_true", help="print the report as data")
    parser.add_argument("--expected", nargs="*", default=[], help="ids of causes that are deliberate")
    return parser


def load(address: str) -> Callable[[], Mapping[str, Any]]:
    """Return the function at an address, or say what is wrong with it."""
    module, _, name = address.partition(":")
    if not module or not name:
        raise ProgramError("expected package.module:function")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ProgramError(f"there is no module {error.name}; is the program's folder the current one?") from error
    function = getattr(found, name, None)
    if not callable(function):
        raise ProgramError(f"{module} has no function {name}")
    return function  # type: ignore[no-any-return]


if __name__ == "__main__":
    sys.exit(main())
