"""``make run`` in a process of its own: what a reader sees when a run succeeds, and when it stops."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from book import notebooks
from book.notebooks import ROOT

START = "from helpers import data, runtime\nrun = runtime.start(globals(), gpu_gain='nothing', epochs=(1, 100))"
QUIT = "if epochs == 4:\n    import sys\n    sys.exit()"
WORK = "if epochs == 3:\n    raise data.DataError('no data: put them there')\nratio = 1 / (epochs - 2)"
IN_SCRATCH = """
import sys
from pathlib import Path
from book import notebooks, run
notebooks.CHAPTERS = run.CHAPTERS = Path(sys.argv[1]) / "chapters"
run.RUNS = Path(sys.argv[1]) / "runs"
run.LOCKS = Path(sys.argv[1]) / "locks"
sys.exit(run.main("sample", sys.argv[2:]))
"""


@pytest.fixture
def folder(tmp_path):
    notebook = new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    parameters = "epochs: int = 1  # 1 to 100\nseed: int = 0  # any\ndevice: str = 'cpu'  # or 'cuda'"
    notebook.cells = [
        new_markdown_cell("# Sample"),
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        new_code_cell(START),
        new_markdown_cell("## Work"),
        new_code_cell(QUIT, id="quit"),
        new_code_cell(WORK, id="work"),
    ]
    (tmp_path / "chapters").mkdir()
    nbformat.write(notebook, tmp_path / "chapters" / "sample.ipynb")
    return tmp_path


def run_sample(folder, *arguments):
    command = [sys.executable, "-c", IN_SCRATCH, str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL)


def own_lines(run):
    """Return what was said after papermill's progress bar, which counts cells per second or seconds per cell."""
    return re.split(r"(?:cell/s|s/cell)\]", run.stderr)[-1].strip().splitlines()


def test_a_good_run_says_where_its_result_is(folder):
    run = run_sample(folder, "-p", "epochs", "5")
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("The result is in ")
    assert "WARNING" not in run.stderr  # the kernel's own log, of eavesdroppers between it and the notebook
    assert [path.name for path in (folder / "runs").iterdir()] == ["sample.ipynb"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("epoch", 5, "ParameterError: this chapter has no parameter 'epoch' (given as 5); did you mean 'epochs'?"),
        ("epochs", 0, "ParameterError: parameter 'epochs' is 0, but must be a whole number from 1 to 100."),
        ("epochs", 3, "DataError: no data: put them there"),
    ],
)
def test_an_error_for_the_reader_is_one_sentence_and_stands_in_the_notebook_too(folder, name, value, sentence):
    run = run_sample(folder, "-p", name, str(value))
    assert run.returncode == 1
    said = own_lines(run)
    assert said[0] == sentence
    assert said[1].startswith("It stopped. As far as it came, it is in ")
    assert len(said) == 2
    assert "Traceback" not in run.stderr
    outputs = [
        output
        for cell in nbformat.read(folder / "runs" / "sample.unfinished.ipynb", 4).cells
        for output in cell.get("outputs", [])
    ]
    errors = [output for output in outputs if output.output_type == "error"]
    assert f"{errors[0].ename}: {errors[0].evalue}" == sentence
    assert errors[0].traceback


def test_a_missing_device_is_one_sentence(folder):
    run = run_sample(folder, "-p", "device", "mps" if sys.platform != "darwin" else "cuda")
    assert run.returncode == 1
    assert own_lines(run)[0].startswith("DeviceError: device=")
    assert "Traceback" not in run.stderr


def test_any_other_error_shows_its_cell_and_its_traceback_and_nothing_of_papermill_s(folder):
    run = run_sample(folder, "-p", "epochs", "2")
    assert run.returncode == 1
    said = own_lines(run)
    assert said[0] == "It failed in code cell 5 (id work), under 'Work'"
    assert any("ratio = 1 / (epochs - 2)" in line for line in said)
    assert said[-2] == "ZeroDivisionError: division by zero"
    assert "site-packages/papermill" not in run.stderr


def test_a_failed_run_leaves_the_last_good_result_alone(folder):
    assert run_sample(folder).returncode == 0
    before = (folder / "runs" / "sample.ipynb").read_bytes()
    assert run_sample(folder, "-p", "epochs", "0").returncode == 1
    assert (folder / "runs" / "sample.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--nope"], 2, "No such option"),
        (["-f", "missing.yaml"], 1, "FileNotFoundError: [Errno 2] No such file or directory: 'missing.yaml'"),
    ],
)
def test_what_papermill_cannot_use_is_said_in_one_line(folder, arguments, status, said):
    run = run_sample(folder, *arguments)
    assert run.returncode == status
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_a_run_that_ends_early_is_no_success(folder):
    run = run_sample(folder, "-p", "epochs", "4")
    assert run.returncode == 1
    said = own_lines(run)
    assert said[0] == "It ended in code cell 4 (id quit), under 'Work'"
    assert said[1].strip() == "The run ended there by SystemExit. Code cells that did not run: 1"
    assert not (folder / "runs" / "sample.ipynb").exists()


@pytest.mark.parametrize("way", ["-p", "-r", "-y", "-f"])
def test_a_dash_for_an_underscore_is_one_sentence(folder, way):
    (folder / "given.yaml").write_text("max-epochs: 5", encoding="utf-8")
    words = {"-y": ["max-epochs: 5"], "-f": [str(folder / "given.yaml")]}.get(way, ["max-epochs", "5"])
    run = run_sample(folder, way, *words)
    assert run.returncode == 2
    assert own_lines(run) == ["ParameterError: no parameter can be called 'max-epochs'; did you mean 'epochs'?"]


def test_a_notebook_of_another_editor_runs(folder):
    path = folder / "chapters" / "sample.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.metadata = {"kernelspec": {"name": "myenv", "display_name": "My environment"}}
    nbformat.write(notebook, path)
    run = run_sample(folder)
    assert run.returncode == 0, run.stderr


def test_a_file_that_is_no_notebook_is_one_sentence(folder):
    (folder / "chapters" / "sample.ipynb").write_text('{"cells": [,\n', encoding="utf-8")
    run = run_sample(folder)
    assert run.returncode == 1
    (said,) = own_lines(run)
    assert "sample.ipynb is not a notebook (line 1 is not JSON: Expecting value). Get the file back" in said


def test_a_folder_that_cannot_be_written_is_one_sentence(folder):
    (folder / "locks").touch()  # a file where a folder should be made: root writes to any folder
    run = run_sample(folder)
    assert run.returncode == 1
    (said,) = own_lines(run)
    assert "cannot be written" in said
    assert "copy the course to a folder of your own" in said


WITHOUT_NETWORK = ["unshare", "--user", "--map-root-user", "--net"]


def test_a_machine_that_does_not_reach_itself_is_one_sentence(folder):
    if not shutil.which("unshare") or subprocess.run([*WITHOUT_NETWORK, "true"], check=False).returncode:
        pytest.skip("this machine does not let a test leave its network")
    command = [*WITHOUT_NETWORK, sys.executable, "-c", IN_SCRATCH, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL)
    assert run.returncode == 1
    (said,) = own_lines(run)
    assert said.startswith("This machine does not reach itself at 127.0.0.1 (")
    assert said.endswith("ip link set lo up")


def test_papermill_s_help_is_no_failure(folder):
    run = run_sample(folder, "--help-notebook")
    assert run.returncode == 0, run.stderr
    assert "epochs: int" in run.stdout


@pytest.mark.parametrize(("name", "hint"), [("", "Name a chapter"), ("no-such-chapter", "There is no chapter")])
def test_it_names_the_chapters_there_are(name, hint):
    run = subprocess.run([sys.executable, "-m", "book.run", name], capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert hint in run.stderr
    assert all(known in run.stderr for known in notebooks.slugs())
