"""Executing a chapter: what is kept of a good one, and what is said of a bad one."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from book import execute, notebooks

GOOD = "from helpers.runtime import expect\nexpect('one', 1, at_least=1)"
MISSED = "from helpers.runtime import expect\nexpect('two', 1, at_least=2)"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Point the pipeline at a scratch folder."""
    for module in (execute, notebooks):
        monkeypatch.setattr(module, "CHAPTERS", tmp_path / "chapters")
    monkeypatch.setattr(execute, "EXECUTED", tmp_path / "executed")
    monkeypatch.setattr(execute, "FAILED", tmp_path / "failed")
    monkeypatch.setattr(execute, "LOCKS", tmp_path / "locks")
    (tmp_path / "chapters").mkdir()
    return tmp_path


def write(folder, *sources):
    notebook = new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    notebook.cells = [new_markdown_cell("# Sample"), new_code_cell("x = 1"), new_markdown_cell("## Where it counts")]
    notebook.cells += [new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)]
    nbformat.write(notebook, folder / "chapters" / "sample.ipynb")


def test_a_good_chapter_is_kept_with_its_record(folders, capsys):
    write(folders, GOOD)
    assert execute.main("sample") == 0
    kept = notebooks.read(folders / "executed" / "sample.ipynb")
    course = kept.metadata["course"]
    assert course["claims"] == [
        {
            "name": "one",
            "value": 1,
            "bound": {"at_least": 1},
            "passed": True,
            "cell": "cell-0",
            "section": "Where it counts",
        }
    ]
    assert course["seconds"] > 0
    assert course["peak_bytes"] > 20e6
    assert "papermill" not in kept.metadata
    assert not (folders / "failed" / "sample.ipynb").exists()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "sample: running"
    assert said[1].endswith("1 expectations hold")
    rule = (folders / "executed" / "sample.d").read_text(encoding="utf-8").splitlines()[0]
    target, files = rule.split(": ")
    assert target == "_build/executed/sample.ipynb"
    assert {"helpers/__init__.py", "helpers/runtime/__init__.py"} <= set(files.split())


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("def f():\n    raise ValueError('no luck')\nf()", "ValueError: no luck", id="error"),
        pytest.param(
            "import sys\nsys.exit()",
            "The run ended there by SystemExit. Code cells that did not run: 1",
            id="quiet end",
        ),
        pytest.param(
            "import sys\nsys.exit(0)",
            "The run ended there by SystemExit. Code cells that did not run: 1",
            id="exit status 0",
        ),
        pytest.param(MISSED, "expected 'two' {'at_least': 2}, got 1", id="crossed expectation"),
        pytest.param("import os\nos._exit(1)", "DeadKernelError: Kernel died", id="dead kernel"),
        pytest.param("import time\ntime.sleep(60)", "CellTimeoutError", id="hanging cell"),
    ],
)
def test_a_bad_chapter_fails_and_names_the_cell(folders, capsys, monkeypatch, source, said):
    if "sleep" in source:
        monkeypatch.setattr(execute, "CELL_SECONDS", 15)  # enough for the cell before it on a busy machine
    write(folders, GOOD, source, "print('after it')")
    assert execute.main("sample") == 1
    complaint = capsys.readouterr().err
    assert "sample: FAILED" in complaint
    assert "code cell 3 (id cell-1), under 'Where it counts'" in complaint
    assert said in complaint
    assert not (folders / "executed" / "sample.ipynb").exists()
    assert (folders / "failed" / "sample.ipynb").exists()


def test_what_was_executed_before_stays_when_a_run_fails(folders):
    write(folders, GOOD)
    execute.main("sample")
    before = (folders / "executed" / "sample.ipynb").read_bytes()
    write(folders, "1 / 0")
    assert execute.main("sample") == 1
    assert (folders / "executed" / "sample.ipynb").read_bytes() == before


def test_a_chapter_that_is_no_notebook_is_said_so(folders, capsys):
    (folders / "chapters" / "sample.ipynb").write_text("# a text", encoding="utf-8")
    assert execute.main("sample") == 1
    assert "sample.ipynb is not a notebook (line 1 is not JSON" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said_so(folders, capsys):
    (folders / "locks").touch()
    assert execute.main("sample") == 1
    assert "cannot be written" in capsys.readouterr().err
