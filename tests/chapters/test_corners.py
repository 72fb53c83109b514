"""A chapter runs to its last cell with every number at the lowest value that its start cell allows.

The lowest values are read from the start cell, so a new parameter is tried too, and they are the cheapest ones. A
claim may miss there, since the text describes the chapter's own parameters; each cross says so.
"""

import ast
import json
import shutil

import pytest

from book import notebooks
from book.notebooks import CHAPTERS
from helpers.runtime.expectations import CLAIM_MIME, MISSED
from tests.chapters import start_cell
from tests.chapters.test_reruns import run

pytestmark = pytest.mark.corners
INSTEAD = {  # the chapter's other bundled data or world; and one sentence a step would take many minutes
    "concepts": {"dataset": "synthetic"},
    "logistic-regression": {"dataset": "synthetic"},
    "reinforcement": {"environment": "MountainCar-v0"},
    "rnn": {"batch_size": 64},
    "attention": {"batch_size": 64},
}


def lowest_values(chapter):
    """Return the lower end of each range that the start cell names: {parameter: number}."""
    ranges = {name: rule for name, rule in start_cell.rules(chapter).items() if isinstance(rule, ast.Tuple)}
    return {name: ast.literal_eval(ends)[0] for name, ends in ranges.items()}


def outputs(executed):
    return [output for cell in notebooks.code_cells(executed) for output in cell.outputs]


def words(given):
    """Return parameters as papermill's command line takes them."""
    return [word for name, value in given.items() for word in ("-p", name, str(value))]


def assert_ran_to_its_end(executed):
    """Every cell ran, and a claim that misses says that the text describes other parameters."""
    assert all(cell.execution_count for cell in notebooks.code_cells(executed) if cell.source.strip())
    claims = [output.data for output in outputs(executed) if CLAIM_MIME in output.get("data", {})]
    assert claims
    for claim in claims:
        assert claim[CLAIM_MIME]["passed"] or MISSED in json.dumps(claim, ensure_ascii=False)


def test_the_lowest_values_run_to_the_end(slug, chapter, tmp_path):
    given = lowest_values(chapter) | INSTEAD.get(slug, {})
    if not given:
        pytest.skip("this chapter has no number to set but its seed")
    status, stderr = run(slug, tmp_path / "out.ipynb", *words(given))
    assert status == 0, stderr

    executed = notebooks.read(tmp_path / "out.ipynb")
    assert [output.text for output in outputs(executed) if output.get("name") == "stderr"] == []
    assert_ran_to_its_end(executed)


def test_a_compiled_gpt_runs_to_the_end(tmp_path):
    if not shutil.which("c++"):
        pytest.skip("torch.compile needs a C++ compiler, and this machine has none")
    lowest = lowest_values(notebooks.read(CHAPTERS / "language-models.ipynb"))
    status, stderr = run("language-models", tmp_path / "out.ipynb", *words(lowest | {"compiled": True}))
    assert status == 0, stderr
    assert_ran_to_its_end(notebooks.read(tmp_path / "out.ipynb"))
