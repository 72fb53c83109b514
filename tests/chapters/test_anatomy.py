"""Every chapter has the same skeleton, and cells that a reader can take in at a glance."""

import ast
import re
import statistics

import pytest

from book import notebooks

MOST_LINES = 25
MEDIAN_LINES = 7
PROSE_PER_CELL = (60, 140)  # words per code cell; the design's norm
FOLDED = {"hide-input", "hide-cell"}
FEWEST_CELLS, MOST_CELLS = 20, 80
WIDEST_LINE = 88  # characters; what a page shows without scrolling sideways


def sections(chapter):
    """Return (index of the cell, heading) of every section."""
    return [(index, words) for index, level, words in notebooks.headings(chapter) if level == 2]


def index_of(chapter, name):
    found = [index for index, words in sections(chapter) if words == name]
    assert len(found) == 1, f"expected one section '## {name}', found {len(found)}"
    return found[0]


def body(source):
    """Return the lines of a cell that hold something."""
    return [line for line in source.splitlines() if line.strip()]


def visible(chapter):
    """Return the code cells that a page shows; what it folds away (drawing, solutions) nobody has to read past."""
    return [cell for cell in notebooks.code_cells(chapter) if not FOLDED & set(notebooks.tags(cell))]


def without_code_and_formulas(text):
    text = re.sub(r"^(```|~~~).*?^\1", " ", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " formula ", text, flags=re.DOTALL)


def test_begins_with_its_title_and_a_promise(chapter):
    first = chapter.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert [level for _, level, _ in notebooks.headings(chapter)].count(1) == 1
    assert len(body(first.source)) >= 2, "below the title stands one sentence that promises something"


def test_goals_are_three_to_five_bullets(chapter):
    text = chapter.cells[index_of(chapter, "Goals")].source
    bullets = re.findall(r"^[-*] +\**(\w+)", text, flags=re.MULTILINE)
    assert 3 <= len(bullets) <= 5
    assert all(word[0].isupper() for word in bullets), "a goal starts with a verb"


def test_opens_with_imports_parameters_and_start(chapter):
    imports, parameters, start = notebooks.code_cells(chapter)[:3]
    kinds = {type(node) for node in ast.parse(imports.source).body}
    assert kinds <= {ast.Import, ast.ImportFrom, ast.Expr}, "the first code cell holds the imports"
    assert "parameters" in notebooks.tags(parameters)
    assert re.search(r"runtime\.start\(\s*globals\(\)", start.source)


def test_one_parameters_cell(chapter):
    assert sum("parameters" in notebooks.tags(cell) for cell in chapter.cells) == 1


def test_sections_come_in_order(chapter):
    goals, clinic, exercises, recap = (index_of(chapter, name) for name in ("Goals", "Clinic", "Exercises", "Recap"))
    parameters = next(i for i, cell in enumerate(chapter.cells) if "parameters" in notebooks.tags(cell))
    assert goals < parameters < clinic < exercises < recap
    assert [words for _, words in sections(chapter)][-3:] == ["Clinic", "Exercises", "Recap"]
    assert len([index for index, _ in sections(chapter) if parameters < index < clinic]) >= 3, "teaching sections"


def test_exercises_have_folded_executed_solutions(chapter):
    exercises, recap = index_of(chapter, "Exercises"), index_of(chapter, "Recap")
    asked = [index for index, level, _ in notebooks.headings(chapter) if level == 3 and exercises <= index < recap]
    assert asked, "at least one exercise"
    for start, end in zip(asked, [*asked[1:], recap], strict=True):
        answers = [cell for cell in chapter.cells[start:end] if cell.cell_type == "code"]
        assert answers, f"'{chapter.cells[start].source.splitlines()[0]}' has no solution"
        assert all("hide-cell" in notebooks.tags(cell) for cell in answers)


def test_code_cells_are_short(chapter):
    lengths = {cell.id: len(body(cell.source)) for cell in notebooks.code_cells(chapter)}
    assert {id: length for id, length in lengths.items() if length > MOST_LINES} == {}


def test_most_code_cells_are_taken_in_at_a_glance(chapter):
    assert statistics.median(len(body(cell.source)) for cell in visible(chapter)) <= MEDIAN_LINES


def test_lines_fit_a_page(chapter):
    wide = [
        (cell.id, line)
        for cell in notebooks.code_cells(chapter)
        for line in cell.source.splitlines()
        if len(line) > WIDEST_LINE
    ]
    assert wide == []


def test_number_of_code_cells(chapter):
    assert FEWEST_CELLS <= len(visible(chapter)) <= MOST_CELLS


def test_prose_and_code_are_in_balance(chapter):
    prose = " ".join(cell.source for cell in chapter.cells if cell.cell_type == "markdown")
    words = len(without_code_and_formulas(prose).split())
    low, high = PROSE_PER_CELL
    assert low <= words / len(visible(chapter)) <= high


def test_code_parses(chapter):
    for cell in notebooks.code_cells(chapter):
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            pytest.fail(f"cell {cell.id}: {error}")
