"""Runs one chapter with the reader's own parameters: ``python -m book.run concepts -p seed 1``.

All that follows the chapter's name goes to papermill as it is. If the run stops, what is said is for the reader: one
sentence where that says it all, otherwise the cell and its traceback, and never papermill's own stack.
"""

import sys
from pathlib import Path
from typing import Any

import click
import yaml
from papermill import inspect_notebook
from papermill.cli import papermill
from papermill.exceptions import PapermillExecutionError, strip_color

from book import lock, notebooks
from book.execute import failing_place, left_out
from book.notebooks import CHAPTERS, ROOT
from book.running import engine, kernels
from helpers.names import did_you_mean

RUNS = ROOT / "_build" / "runs"
LOCKS = lock.LOCKS
SENTENCES = {"ParameterError", "DeviceError", "DataError"}  # their message names what is wrong and what to do


def main(slug: str, arguments: list[str]) -> int:
    """Run the chapter, say where the result is, and return the exit status."""
    if slug not in notebooks.slugs():
        print(complaint(slug), file=sys.stderr)
        return 2
    try:
        notebooks.read(CHAPTERS / f"{slug}.ipynb")
        kernels.require_loopback()
        with lock.held(f"run-{slug}", folder=LOCKS):
            return run(slug, arguments)
    except (notebooks.NotANotebookError, kernels.NoLoopbackError, lock.NotWritableError) as error:
        print(error, file=sys.stderr)
        return 1


def run(slug: str, arguments: list[str]) -> int:
    """Run a chapter that can be run, and return the exit status."""
    RUNS.mkdir(parents=True, exist_ok=True)
    result, unfinished = RUNS / f"{slug}.ipynb", RUNS / f"{slug}.unfinished.ipynb"
    unfinished.unlink(missing_ok=True)
    kernel = ["--engine", engine.QUIET, "-k", kernels.KERNEL["kernel_name"], "-l", kernels.KERNEL["language"]]
    files = [str(CHAPTERS / f"{slug}.ipynb"), str(unfinished)]
    status = run_papermill([*files, *kernel, "--cwd", str(CHAPTERS), *arguments], unfinished)
    if status == 0 and unfinished.exists():  # papermill may have been asked for its help alone
        status = finished(unfinished, arguments)
    if status == 0 and unfinished.exists():
        unfinished.replace(result)  # a run that fails leaves the last good result alone
        print("The result is in", notebooks.relative(result))
    elif unfinished.exists():
        print("It stopped. As far as it came, it is in", notebooks.relative(unfinished), file=sys.stderr)
    return status


def finished(path: Path, arguments: list[str]) -> int:
    """Return 0 if every cell has run, or was not meant to; else say which was the last to run, and return 1."""
    place = "" if "--prepare-only" in arguments else left_out(notebooks.read(path))
    if place:
        print(f"\nIt ended in {place}", file=sys.stderr)
    return int(bool(place))


def run_papermill(arguments: list[str], target: Path) -> int:
    """Run papermill's command line in this process, say what went wrong, and return the exit status."""
    try:
        parameters = given(arguments)
        if wrong := [name for name in parameters if not str(name).isidentifier()]:
            print(f"ParameterError: {not_a_name(wrong[0], arguments[0])}", file=sys.stderr)
            return 2
        if "gpus" in parameters:
            return run_several(Path(arguments[0]).stem, parameters)
        return papermill.main(arguments, prog_name="papermill", standalone_mode=False) or 0
    except SystemExit as stop:
        return int(stop.code or 0)
    except click.Abort:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except click.exceptions.Exit as stop:  # its help
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PapermillExecutionError as error:
        print("\n" + explanation(error, target), file=sys.stderr)
    except Exception as error:  # no such parameter file, a dead kernel, a cell past its time
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
    return 1


def run_several(slug: str, parameters: dict[str, Any]) -> int:
    """Train the chapter's network on several GPUs, or say why not; return the exit status."""
    from book.running import several  # imports torch, which takes seconds
    from helpers.runtime import ParameterError

    try:
        return several.train(slug, parameters, RUNS)
    except ParameterError as error:
        print(f"ParameterError: {error}", file=sys.stderr)
        return 2


def given(arguments: list[str]) -> dict[str, Any]:
    """Return the parameters that papermill's arguments give, name -> value or its text, in every way but in base 64."""
    options = papermill.make_context("papermill", list(arguments)).params
    texts = [Path(file).read_text(encoding="utf-8") for file in options["parameters_file"] if Path(file).is_file()]
    texts += options["parameters_yaml"]
    found: dict[str, Any] = {}
    for listed in map(yaml.safe_load, texts):
        found |= listed if isinstance(listed, dict) else {}
    return found | dict(options["parameters"]) | dict(options["parameters_raw"])


def not_a_name(name: str, notebook: str) -> str:
    """Say that no parameter can have that name, and which one was probably meant."""
    return f"no parameter can be called {name!r}; {did_you_mean(name, inspect_notebook(notebook))}"


def explanation(error: PapermillExecutionError, target: Path) -> str:
    """Say why a cell failed: in the error's one sentence if it was written for that, otherwise with its traceback."""
    if error.ename in SENTENCES:
        return f"{error.ename}: {error.evalue}"
    return f"It failed in {failing_place(target)}\n" + strip_color("\n".join(error.traceback)).rstrip()


def complaint(slug: str) -> str:
    """Say what is wrong with a chapter's name, and which there are."""
    known = notebooks.slugs()
    if not slug:
        start = 'Name a chapter, for example: make run CHAPTER=concepts ARGS="-p seed 1"'
    else:
        start = f"There is no chapter {slug!r}; {did_you_mean(slug, known)}"
    return f"{start}\nThe chapters are: {', '.join(known)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
