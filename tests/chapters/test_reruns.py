"""A chapter runs again with other parameters, and refuses wrong ones at once with one clear sentence."""

import functools
import json
import subprocess
import sys

import papermill
import pytest

from book import notebooks
from book.notebooks import CHAPTERS, ROOT
from tests.chapters import start_cell

UP_TO_THE_START_CELLS = 4  # imports, parameters, those that papermill injects, start: no data has been read
# Runs each chapter's start once for each wrong value, all in one process: a kernel for each would take minutes.
UP_TO_THE_START = """
import contextlib, json, sys
for imports, parameters, start, given in json.load(sys.stdin):
    ready = {"__name__": "__main__"}
    exec(imports, ready)
    errors = []
    for one in given:
        names = dict(ready)
        exec(parameters, names)
        names.update(one)
        try:
            with contextlib.redirect_stdout(sys.stderr):
                exec(start, names)
        except Exception as error:
            errors.append([type(error).__name__, str(error)])
        else:
            errors.append(["", "it was taken"])
    print(json.dumps(errors))
"""


def run(slug, target, *parameters):
    """Run a chapter through papermill's own command line. Return (exit status, stderr)."""
    command = [sys.executable, "-m", "papermill", str(CHAPTERS / f"{slug}.ipynb"), str(target)]
    command += ["--cwd", str(CHAPTERS), "-k", "python3", "--no-progress-bar", "--execution-timeout", "300", *parameters]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr


def last_sentence(stderr):
    return [line for line in stderr.splitlines() if line.strip()][-1]


def cells_run(path):
    """Return how many code cells of an executed notebook ran: the last one is that of the refusal."""
    return sum(cell.execution_count is not None for cell in notebooks.code_cells(notebooks.read(path)))


def numeric(slug):
    """Return the name of one number among the parameters: epochs where there is one."""
    names = papermill.inspect_notebook(str(CHAPTERS / f"{slug}.ipynb"))
    return "epochs" if "epochs" in names else "seed"


def absent_device():
    """Return a kind of device that this machine lacks, or None where it has every kind."""
    torch = pytest.importorskip("torch")
    return next((name for name in ("cuda", "mps") if not getattr(torch, name).is_available()), None)


def wrong_parameters(slug):
    """Return what a chapter must refuse: an unknown name, wrong numbers, and a device that is not there."""
    name = numeric(slug)
    return [
        {name[:-1]: 3},
        *({name: value} for value in ("many", 2.5, True, -1)),
        {"device": absent_device() or "abacus"},
    ]


@functools.cache
def refusals():
    """Give the start of every chapter its wrong parameters, one after the other. Return slug -> the errors."""
    requests = []
    for slug in notebooks.slugs():
        chapter = notebooks.read(CHAPTERS / f"{slug}.ipynb")
        cells = [cell.source for cell in notebooks.code_cells(chapter)]
        start = start_cell.position(chapter)
        requests.append([*cells[start - 2 : start + 1], wrong_parameters(slug)])
    command = [sys.executable, "-c", UP_TO_THE_START]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(requests), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(notebooks.slugs(), map(json.loads, done.stdout.splitlines()), strict=True))


def test_another_seed_and_few_epochs(tmp_path):
    status, stderr = run("logistic-regression", tmp_path / "out.ipynb", "-p", "seed", "1", "-p", "epochs", "2")
    assert status == 0, stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("epoch", "3", "this chapter has no parameter 'epoch' (given as 3); did you mean 'epochs'?"),
        ("epochs", "many", "parameter 'epochs' is 'many', but must be a whole number from "),
    ],
)
def test_papermill_ends_at_what_a_chapter_refuses(tmp_path, name, value, said):
    status, stderr = run("logistic-regression", tmp_path / "out.ipynb", "-p", name, value)
    assert status != 0
    assert last_sentence(stderr).startswith(f"ParameterError: {said}")
    assert cells_run(tmp_path / "out.ipynb") <= UP_TO_THE_START_CELLS


def test_an_unknown_name_wrong_values_and_an_absent_device_are_refused(slug):
    name, absent = numeric(slug), absent_device()
    unknown, *refused, no_device = refusals()[slug]
    said = f"this chapter has no parameter {name[:-1]!r} (given as 3); did you mean {name!r}?"
    assert unknown == ["ParameterError", said]
    for kind, sentence in refused:
        assert kind == "ParameterError"
        assert sentence.startswith(f"parameter {name!r} is ")
        assert "whole number" in sentence
    assert refused[-1][1].startswith(f"parameter {name!r} is -1")
    assert " from " in refused[-1][1]
    kind, sentence = no_device
    assert kind == ("DeviceError" if absent else "ParameterError")
    start = f"device={absent!r} was asked for" if absent else "parameter 'device' is 'abacus'"
    assert sentence.startswith(start)
