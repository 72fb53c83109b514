"""What a page folds has a title that says what it is, in the book and on Colab; notebooks themselves stay plain."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book import colab
from book.sphinx_extensions import folds


def code(source, *tags):
    return new_code_cell(source, metadata={"tags": list(tags)})


def text(source, *tags):
    return new_markdown_cell(source, metadata={"tags": list(tags)})


CELLS = [
    text("# Title\n\n## A section"),
    code("visible = 1"),
    code("expect('a', 1)", "checks", "hide-input"),
    code("draw()", "hide-input"),
    text("**In depth.** Two words.", "hide-cell"),
    text("Without bold words, but *here* are **some**.", "hide-cell"),
    text("## Clinic"),
    code("case()", "hide-cell"),
    text("## Exercises\n\n### 1. Find it"),
    text("It is *there*.", "hide-cell"),
    code("solve()", "hide-cell"),
    text("### 2. Find another"),
    code("solve_again()", "hide-cell"),
]
TITLES = {
    "expect('a', 1)": "Checks",
    "**In depth.** Two words.": "In depth",
    "Without bold words, but *here* are **some**.": "More on this",
    "case()": "Code and its output",
    "It is *there*.": "Solution",
    "solve()": "Solution in code",
    "solve_again()": "Solution",
}


@pytest.fixture
def notebook():
    return new_notebook(cells=copy.deepcopy(CELLS))


def test_titles(notebook):
    assert {cell["source"]: title for cell, title in folds.folded(notebook.cells)} == TITLES


def test_the_book_names_folded_code_and_folds_text(notebook):
    notebook.cells[2]["source"] = ["expect(", "'a', 1)"]  # as files have it
    folds.fold(notebook)
    assert notebook.cells[2].source == "expect('a', 1)"
    assert notebook.cells[2].metadata["mystnb"]["code_prompt_show"] == "Checks"
    assert "mystnb" not in notebook.cells[3].metadata
    assert 'admonition-title">In depth</p></summary>\n\nTwo words.\n\n</details>' in notebook.cells[4].source
    assert notebook.cells[0].source == CELLS[0].source


def checked(*passed):
    data = [{folds.CLAIM_MIME: {"passed": each}, "text/plain": "✓ a"} for each in passed]
    outputs = [new_output("display_data", each) for each in data]
    return new_code_cell("expect('a', 1)", outputs=outputs, metadata={"tags": ["checks", "hide-input"]})


@pytest.mark.parametrize(
    ("passed", "title", "tag"),
    [
        ([True] * 3, "Checks", "hide-input"),
        ([True] * 4, "✓ All 4 checks hold", "hide-cell"),
        ([True] * 11, "✓ All 11 checks hold", "hide-cell"),
        ([True, True, False, True], "Checks", "hide-input"),
    ],
)
def test_many_ticks_fold_and_are_counted_but_a_cross_stays_in_sight(passed, title, tag):
    notebook = new_notebook(cells=[checked(*passed)])
    folds.fold(notebook)
    metadata = notebook.cells[0].metadata
    assert metadata["tags"] == ["checks", tag]
    assert metadata["mystnb"]["code_prompt_show"] == metadata["mystnb"]["code_prompt_hide"] == title


def test_figures_keep_their_words(notebook):
    notebook.cells[-1].metadata["mystnb"] = {"figure": {"caption": "A line."}}
    folds.fold(notebook)
    assert notebook.cells[-1].metadata["mystnb"]["figure"] == {"caption": "A line."}


def test_colab_shows_forms(notebook):
    colab.fold(notebook)
    assert notebook.cells[2].source == "#@title Checks\nexpect('a', 1)"
    assert notebook.cells[2].metadata["cellView"] == "form"
    assert "cellView" not in notebook.cells[3].metadata
    assert notebook.cells[9].source == "<details><summary>Solution</summary>\n\nIt is *there*.\n\n</details>"
    assert notebook.cells[10].source.startswith("#@title Solution in code\n")
