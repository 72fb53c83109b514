"""Editions are tried with the Python that is named, each in an empty folder, and a failure is told."""

import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from book import notebooks, try_colab


@pytest.fixture
def editions(tmp_path, monkeypatch):
    monkeypatch.setattr(try_colab, "COLAB", tmp_path)
    seen = tmp_path / "seen.txt"
    sources = {"good": f"import sys; open({str(seen)!r}, 'w').write(sys.executable)", "bad": "1 / 0"}
    for slug, source in sources.items():
        notebooks.write(new_notebook(cells=[new_code_cell(source)]), tmp_path / f"{slug}.ipynb")
    return seen


def test_an_edition_runs_with_that_python(editions, capsys):
    assert try_colab.main(sys.executable, "good") == 0
    assert editions.read_text() == sys.executable
    assert capsys.readouterr().out.startswith("good: ")


def test_one_failure_among_several_counts(editions, capsys):
    assert try_colab.main(sys.executable, "bad", "good") == 1
    said = capsys.readouterr().out
    assert "bad: FAILED after" in said
    assert "ZeroDivisionError" in said
    assert editions.exists()


@pytest.mark.usefixtures("editions")
def test_without_an_edition_nothing_has_passed():
    assert try_colab.main(sys.executable, "missing") == 1
