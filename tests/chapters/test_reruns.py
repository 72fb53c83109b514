"""A chapter runs again with other parameters, and refuses wrong ones at once with one clear sentence."""

import subprocess
import sys
import time

import papermill
import pytest

from book.notebooks import CHAPTERS, ROOT

REFUSAL_SECONDS = 60  # far below a chapter's own time on a slow machine under load


def run(slug, target, *parameters):
    """Run a chapter through papermill's own command line. Return (exit status, stderr, seconds)."""
    command = [sys.executable, "-m", "papermill", str(CHAPTERS / f"{slug}.ipynb"), str(target)]
    command += ["--cwd", str(CHAPTERS), "-k", "python3", "--no-progress-bar", "--execution-timeout", "300", *parameters]
    start = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr, time.monotonic() - start


def last_sentence(stderr):
    return [line for line in stderr.splitlines() if line.strip()][-1]


def names(slug):
    return papermill.inspect_notebook(str(CHAPTERS / f"{slug}.ipynb"))


def test_another_seed_and_few_epochs(slug, few_epochs, tmp_path):
    status, stderr, _ = run(slug, tmp_path / "out.ipynb", "-p", "seed", "1", *few_epochs)
    assert status == 0, stderr


def numeric(slug):
    """Return the name of one number among the parameters: epochs where there is one."""
    return "epochs" if "epochs" in names(slug) else "seed"


@pytest.mark.parametrize("value", ["many", "2.5", "true"])
def test_a_wrong_type_is_refused(slug, tmp_path, value):
    status, stderr, seconds = run(slug, tmp_path / "out.ipynb", "-p", numeric(slug), value)
    assert status != 0
    assert last_sentence(stderr).startswith(f"ParameterError: parameter {numeric(slug)!r} is ")
    assert "whole number" in last_sentence(stderr)
    assert seconds < REFUSAL_SECONDS


def test_a_value_out_of_range_is_refused(slug, tmp_path):
    status, stderr, seconds = run(slug, tmp_path / "out.ipynb", "-p", numeric(slug), "-1")
    assert status != 0
    sentence = last_sentence(stderr)
    assert sentence.startswith(f"ParameterError: parameter {numeric(slug)!r} is -1")
    assert " from " in sentence
    assert seconds < REFUSAL_SECONDS


def test_an_unknown_name_is_refused_with_the_nearest_one(slug, tmp_path):
    near = numeric(slug)
    status, stderr, seconds = run(slug, tmp_path / "out.ipynb", "-p", near[:-1], "3")
    assert status != 0
    sentence = last_sentence(stderr)
    assert sentence.startswith("ParameterError: ")
    assert repr(near[:-1]) in sentence
    assert f"did you mean {near!r}?" in sentence
    assert seconds < REFUSAL_SECONDS


def test_a_device_that_is_not_there_is_refused(slug, tmp_path):
    torch = pytest.importorskip("torch")
    absent = next((name for name in ("cuda", "mps") if not getattr(torch, name).is_available()), None)
    if absent is None:
        pytest.skip("this machine has every device")
    status, stderr, _ = run(slug, tmp_path / "out.ipynb", "-p", "device", absent)
    assert status != 0
    assert last_sentence(stderr).startswith(f"DeviceError: device={absent!r} was asked for")
