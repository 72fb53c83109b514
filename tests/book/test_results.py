"""The pages of results and of claims say what the chapters recorded."""

import json

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book import notebooks
from book.pages import claims, results

RUN = {
    "device": "cpu",
    "device_name": "Some CPU",
    "threads": 1,
    "precision": "float32",
    "seed": 7,
    "versions": {"torch": "9.9"},
    "parameters": {"seed": 7, "lr": 0.1},
}


@pytest.fixture
def notebook():
    made = [
        {"name": "a|b*c", "value": 0.123456, "bound": {"at_least": 0.1, "at_most": 0.2}, "passed": True},
        {"name": "name", "value": "x", "bound": {"equals": "x"}, "passed": False},
    ]
    made = [{**claim, "cell": "c1", "section": "How it went"} for claim in made]
    made.append({**made[0], "name": "first", "cell": "c0", "section": "A title"})
    cells = [
        new_markdown_cell("# A title"),
        new_markdown_cell("## Goals\n\n- See it"),
        new_code_cell("pass", id="c0"),
        new_markdown_cell("## How it went"),
        new_code_cell("pass", id="c1", metadata={"tags": ["nbval-ignore-output"]}),
        new_code_cell("pass", id="c2"),
    ]
    course = {"seconds": 12.34, "peak_bytes": 5e8, "run": RUN, "claims": made}
    return new_notebook(cells=cells, metadata={"course": course})


def test_costs(notebook):
    assert "| [A title](chapters/x.ipynb) | 12.3 | 500 | 3 | [2 of 3](#claims-x) |" in results.costs({"x": notebook})


def test_environment(notebook):
    row = "| [A title](chapters/x.ipynb) | cpu (Some CPU), threads: 1, float32 | torch 9.9 | 7 | lr=0.1 |"
    assert row in results.environments({"x": notebook})


def test_cells_that_the_second_run_leaves_out(notebook):
    text = results.repeats({"x": notebook})
    assert "1 of 3 code cells are exempt" in text
    assert "| [A title](chapters/x.ipynb) | How it went | `c1` |" in text


def test_claims(notebook):
    text = claims.page({"x": notebook})
    assert "**3 claims**" in text
    assert "(claims-x)=\n## A title" in text
    section = "[How it went](chapters/x.ipynb#how-it-went)"
    assert rf"| ✓ | a\|b\*c | 0.1235 | at least 0.1 and at most 0.2 | {section} |" in text
    assert f"| ✗ | name | x | equals x | {section} |" in text
    assert "| first | 0.1235 | at least 0.1 and at most 0.2 | [A title](chapters/x.ipynb#a-title) |" in text


def test_a_claim_of_the_opening_is_filed_under_the_title(notebook):
    notebook.cells[2].outputs = [new_output("display_data", data={notebooks.CLAIM_MIME: {"name": "first"}})]
    notebook.cells[4].outputs = [new_output("display_data", data={notebooks.CLAIM_MIME: {"name": "second"}})]
    assert [(claim["name"], claim["section"]) for claim in notebooks.claims(notebook)] == [
        ("first", "A title"),
        ("second", "How it went"),
    ]


def test_benchmark(tmp_path):
    table = {"title": "Loops", "machine": "m", "date": "2026-01-01", "columns": ["loop", "x"], "rows": [["bare", 1.0]]}
    path = tmp_path / "loops.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    text = results.benchmark(path)
    assert text.startswith("## Loops\n\nMeasured on m, 2026-01-01.")
    assert "| bare | 1.0 |" in text
