"""Runs one chapter with the reader's own parameters: ``python -m book.run concepts -p seed 1``.

All that follows the chapter's name goes to papermill as it is. If the run stops, what is said is for the reader: one
sentence where that says it all, otherwise the cell and its traceback, and never papermill's own stack.
"""

import difflib
import sys
from pathlib import Path

import click
from papermill.cli import papermill
from papermill.exceptions import PapermillExecutionError, strip_color

from book import notebooks
from book.execute import failing_place
from book.notebooks import CHAPTERS, ROOT

RUNS = ROOT / "_build" / "runs"
SENTENCES = {"ParameterError", "DeviceError", "DataError"}  # their message names what is wrong and what to do


def main(slug: str, arguments: list[str]) -> int:
    """Run the chapter, say where the result is, and return the exit status."""
    if slug not in notebooks.slugs():
        print(complaint(slug), file=sys.stderr)
        return 2
    RUNS.mkdir(parents=True, exist_ok=True)
    result, unfinished = RUNS / f"{slug}.ipynb", RUNS / f"{slug}.unfinished.ipynb"
    unfinished.unlink(missing_ok=True)
    files = [str(CHAPTERS / f"{slug}.ipynb"), str(unfinished)]
    status = run_papermill([*files, "--cwd", str(CHAPTERS), "-k", "python3", *arguments], unfinished)
    if status == 0 and unfinished.exists():  # papermill may have been asked for its help alone
        unfinished.replace(result)  # a run that fails leaves the last good result alone
        print("The result is in", notebooks.relative(result))
    elif unfinished.exists():
        print("It stopped. As far as it came, it is in", notebooks.relative(unfinished), file=sys.stderr)
    return status


def run_papermill(arguments: list[str], target: Path) -> int:
    """Run papermill's command line in this process, say what went wrong, and return the exit status."""
    try:
        return papermill.main(arguments, prog_name="papermill", standalone_mode=False) or 0
    except SystemExit as stop:
        return int(stop.code or 0)
    except click.Abort:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PapermillExecutionError as error:
        print("\n" + explanation(error, target), file=sys.stderr)
    except Exception as error:  # no such parameter file, a dead kernel, a cell past its time
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
    return 1


def explanation(error: PapermillExecutionError, target: Path) -> str:
    """Say why a cell failed: in the error's one sentence if it was written for that, otherwise with its traceback."""
    if error.ename in SENTENCES:
        return f"{error.ename}: {error.evalue}"
    return f"It failed in {failing_place(target)}\n" + strip_color("\n".join(error.traceback)).rstrip()


def complaint(slug: str) -> str:
    """Say what is wrong with a chapter's name, and which there are."""
    known = notebooks.slugs()
    nearest = difflib.get_close_matches(slug, known, n=1)
    if not slug:
        start = 'Name a chapter, for example: make run CHAPTER=concepts ARGS="-p seed 1"'
    else:
        start = f"There is no chapter {slug!r}" + (f"; did you mean {nearest[0]!r}?" if nearest else ".")
    return f"{start}\nThe chapters are: {', '.join(known)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
