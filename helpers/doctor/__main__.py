"""``python -m helpers.doctor package.module:function [--json]`` examines the program that a function returns.

The function takes nothing and returns a dict of what ``examine`` takes, such as ``{"model": ..., "loss_fn": ...}``.
Exit status: 0 without a fault, 1 with one, 2 where the program cannot be examined.
"""

import argparse
import contextlib
import sys
from collections.abc import Sequence

from helpers.doctor.address import program_at
from helpers.doctor.arguments import names
from helpers.doctor.examine import examine
from helpers.doctor.probing.program import ProgramError


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit status."""
    given = _parser().parse_args(words)
    try:
        with contextlib.redirect_stdout(
            sys.stderr if given.json else sys.stdout
        ):  # where data goes, the program is quiet
            program = program_at(given.program)
            expected = [*(names(program.pop("expected", ()), "expected") or ()), *given.expected]
            report = examine(**program, expected=expected)
    except ProgramError as error:
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


if __name__ == "__main__":
    sys.exit(main())
