"""The second run must notice what differs, dies or hangs, soon, and name the chapter."""

import base64
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from book.notebooks import ROOT

CELL_SECONDS = 3
START_SECONDS = 25  # pytest and a kernel, on a busy machine


def rerun(folder, *cells):
    """Run pytest on a notebook of (source, outputs) cells. Return (exit status, what it printed, seconds)."""
    path = folder / "chapter-under-test.ipynb"
    notebook = new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    for number, (source, outputs, *id) in enumerate(cells, start=1):
        notebook.cells.append(new_code_cell(source, outputs=outputs, execution_count=number))
        notebook.cells[-1].id = id[0] if id else notebook.cells[-1].id
    nbformat.write(notebook, path)
    command = [sys.executable, "-m", "pytest", "-p", "tests.strict_nbval", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["--nbval", "--nbval-current-env", f"--nbval-cell-timeout={CELL_SECONDS}", "--color=no"]
    command += ["--nbval-sanitize-with=tests/sanitize.cfg", str(path)]
    start = time.monotonic()
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    return run.returncode, run.stdout, time.monotonic() - start


def text(words):
    return [new_output("stream", name="stdout", text=words)]


def image(data):
    return [new_output("display_data", data={"image/png": base64.b64encode(data).decode()})]


DRAW = (
    "import base64\nfrom IPython.display import display\n"
    "display({'image/png': base64.b64encode(b'drawn now').decode()}, raw=True)"
)


def test_the_same_outputs_pass(tmp_path):
    status, printed, _ = rerun(tmp_path, ("print('a')", text("a\n")), (DRAW, image(b"drawn now")))
    assert status == 0, printed


def test_measured_seconds_may_differ(tmp_path):
    line = "epoch 3/8  loss 0.121  valid 0.148  accuracy 0.963  {} s\n"
    status, printed, _ = rerun(tmp_path, (f"print({line.format('1.2').strip()!r})", text(line.format("14.7"))))
    assert status == 0, printed


@pytest.mark.parametrize(
    ("source", "outputs"),
    [
        pytest.param("print('b')", text("a\n"), id="text"),
        pytest.param("print('epoch 3/8  loss 0.122  1.2 s')", text("epoch 3/8  loss 0.121  1.2 s\n"), id="loss"),
        pytest.param(DRAW, image(b"drawn before"), id="figure"),
        pytest.param("pass", image(b"drawn before"), id="figure missing"),
    ],
)
def test_another_output_fails(tmp_path, source, outputs):
    status, printed, _ = rerun(tmp_path, (source, outputs))
    assert status == 1
    assert "chapter-under-test.ipynb::Cell 0" in printed


def test_a_killed_kernel_fails_within_seconds(tmp_path):
    kill = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    status, printed, seconds = rerun(tmp_path, (kill, []), ("print('a')", text("a\n")))
    assert status == 1
    assert "the kernel of chapter-under-test.ipynb died while running this cell" in printed
    assert "1 failed, 1 skipped" in printed
    assert seconds < START_SECONDS


STUBBORN = "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except KeyboardInterrupt:\n        pass"


@pytest.mark.parametrize("source", ["import time\ntime.sleep(600)", STUBBORN], ids=["sleeps", "ignores interrupts"])
def test_a_hanging_cell_fails_soon_after_its_time(tmp_path, source):
    status, printed, seconds = rerun(tmp_path, (source, []), ("print('a')", text("a\n")))
    assert status == 1
    assert "chapter-under-test.ipynb::Cell 0" in printed
    assert f"Timeout of {CELL_SECONDS} seconds" in printed
    assert seconds < START_SECONDS + CELL_SECONDS + 5


LOOK_AROUND = "import importlib.util, os\nprint(os.listdir(), importlib.util.find_spec('helpers'))"


def test_an_edition_runs_in_an_empty_folder_without_helpers(tmp_path):
    status, printed, _ = rerun(tmp_path, ("needed = {}", [], "set-up"), (LOOK_AROUND, text("[] None\n")))
    assert status == 0, printed


def test_an_edition_that_prints_something_else_fails(tmp_path):
    status, _, _ = rerun(tmp_path, ("needed = {}", [], "set-up"), (LOOK_AROUND, text("['helpers'] None\n")))
    assert status == 1
