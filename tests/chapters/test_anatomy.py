"""Every chapter has the same skeleton, and is written so that a first reader can follow it: see STYLE.md."""

import ast
import re

import pytest

from book import notebooks
from tests.chapters import plain_code, plain_prose

FOLDED = {"hide-input", "hide-cell"}
ENDING = ["Clinic", "On your own data", "Exercises", "Recap"]
MOST_WORDS, MOST_CELLS = 5000, 50  # before the Clinic: prose, and code cells that a page shows
WORDS_BETWEEN_PICTURES = 500
WORDS_OF_PROSE = 8  # that a solution may print as they are
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


def is_visible(cell):
    """Say whether a page shows a cell, rather than folding it away."""
    return not FOLDED & set(notebooks.tags(cell))


def main_path(chapter):
    """Return the cells before the Clinic, which a first reader goes through from beginning to end."""
    return chapter.cells[: index_of(chapter, "Clinic")]


def visible_code(chapter):
    """Return the code cells of the main path that a page shows."""
    return [cell for cell in main_path(chapter) if cell.cell_type == "code" and is_visible(cell)]


def exercises(chapter):
    """Return the cells of each exercise, from its heading on."""
    first, recap = index_of(chapter, "Exercises"), index_of(chapter, "Recap")
    asked = [index for index, level, _ in notebooks.headings(chapter) if level == 3 and first <= index < recap]
    return [chapter.cells[start:end] for start, end in zip(asked, [*asked[1:], recap], strict=True)]


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
    goals, clinic = index_of(chapter, "Goals"), index_of(chapter, "Clinic")
    parameters = next(i for i, cell in enumerate(chapter.cells) if "parameters" in notebooks.tags(cell))
    assert goals < parameters < clinic
    assert len([index for index, _ in sections(chapter) if parameters < index < clinic]) >= 3, "teaching sections"
    names = [words for index, words in sections(chapter) if index >= clinic]
    assert names == ENDING


def test_exercises_have_folded_executed_solutions(chapter):
    assert exercises(chapter), "at least one exercise"
    for cells in exercises(chapter):
        code = [cell for cell in cells if cell.cell_type == "code"]
        answers = [cell for cell in code if "given" not in notebooks.tags(cell)]  # what it begins from is in sight
        assert answers, f"'{cells[0].source.splitlines()[0]}' has no solution"
        assert all("hide-cell" in notebooks.tags(cell) for cell in answers)


def test_lines_fit_a_page(chapter):
    wide = [
        (cell.id, line)
        for cell in notebooks.code_cells(chapter)
        for line in cell.source.splitlines()
        if len(line) > WIDEST_LINE
    ]
    assert wide == []


def test_code_parses(chapter):
    for cell in notebooks.code_cells(chapter):
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            pytest.fail(f"cell {cell.id}: {error}")


def test_tags_of_checks_and_of_folded_text(chapter):
    for cell in chapter.cells:
        tags = set(notebooks.tags(cell))
        if "checks" in tags:
            assert "hide-input" in tags, f"cell {cell.id}: checks are folded, by the tag hide-input"
            assert "expect(" in cell.source, f"cell {cell.id} has the tag checks, and checks nothing"
        if cell.cell_type == "markdown" and "hide-cell" in tags:
            assert not re.search(r"^#", cell.source, re.MULTILINE), f"cell {cell.id}: a heading cannot be folded"


def test_the_main_path_is_short_enough(chapter):
    words = sum(plain_prose.words(cell) for cell in main_path(chapter) if is_visible(cell))
    assert words <= MOST_WORDS, "words of prose before the Clinic"
    assert len(visible_code(chapter)) <= MOST_CELLS, "visible code cells before the Clinic"


def test_a_picture_is_never_far(chapter):
    far, words = [], 0
    for cell in main_path(chapter):
        words = 0 if plain_prose.shows_a_picture(cell) else words + plain_prose.words(cell) * is_visible(cell)
        if words > WORDS_BETWEEN_PICTURES:
            far.append((cell.id, words))
            words = 0
    assert far == [], "cells with too many words since the last picture"


def test_checks_stand_behind_the_lesson(chapter):
    stray = [
        cell.id
        for cell in main_path(chapter)
        if cell.cell_type == "code"
        and "expect" in plain_code.calls(cell.source)
        and not {"checks", "check-is-lesson"} & set(notebooks.tags(cell))
    ]
    assert stray == [], "expect belongs into a cell of its own, with the tags checks and hide-input"


def test_visible_code_is_plain(chapter):
    found = {cell.id: plain_code.clever(cell.source) for cell in visible_code(chapter)}
    assert {id: parts for id, parts in found.items() if parts} == {}


def test_nothing_that_a_later_visible_cell_needs_is_folded(chapter):
    cells = [cell for cell in main_path(chapter) if cell.cell_type == "code"]
    missing = plain_code.names_from_folded_cells([(cell.id, cell.source, is_visible(cell)) for cell in cells])
    assert missing == {}, "names of folded cells that visible cells use"


def test_each_sentence_has_its_line(chapter):
    found = {cell.id: plain_prose.misplaced(cell.source) for cell in chapter.cells if cell.cell_type == "markdown"}
    assert {id: lines for id, lines in found.items() if lines} == {}


def test_spelling_is_american(chapter):
    found = {cell.id: plain_prose.british(cell.source) for cell in chapter.cells if cell.cell_type == "markdown"}
    assert {id: words for id, words in found.items() if words} == {}


def test_solutions_are_prose_and_code(chapter):
    for cells in exercises(chapter):
        prose = [cell for cell in cells if cell.cell_type == "markdown" and "hide-cell" in notebooks.tags(cell)]
        assert prose, f"'{cells[0].source.splitlines()[0]}': its solution says nothing, in a folded text cell"
        printed = [text for cell in cells if cell.cell_type == "code" for text in plain_code.printed(cell.source)]
        assert [text for text in printed if len(text.split()) > WORDS_OF_PROSE] == [], "prose belongs into text cells"
