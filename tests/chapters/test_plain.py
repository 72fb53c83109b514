"""The rules of plain code and plain prose find what they are for, and leave alone what STYLE.md allows."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from tests.chapters import plain_code, plain_prose


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("f = lambda p, k=kind: k(p)", "lambda with a default"),
        ("f = lambda p, *, k=kind: k(p)", "lambda with a default"),
        ("[[x for x in row] for row in rows]", "nested comprehension"),
        ("{x: 1 for row in rows for x in row}", "nested comprehension"),
        ("max(sum(x for x in row) for row in rows)", "nested comprehension"),
        ("train(**{'epochs': 3})", "dict unpacked into a call"),
    ],
)
def test_clever_code_is_found(source, kind):
    found = plain_code.clever(source)
    assert len(found) == 1
    assert found[0].startswith(kind)


@pytest.mark.parametrize(
    "source",
    [
        "[float(epoch.loss) for epoch in history]",
        "sorted(names, key=lambda name: len(name))",
        "def f(*, width=3):\n    return [width for _ in range(3)]",
        "settings = {'a': 1}\nmerged = {**settings, 'b': 2}",
        "a = [x for x in xs]\nb = [x for x in a]",
    ],
)
def test_plain_code_is_left_alone(source):
    assert plain_code.clever(source) == []


def test_names_of_folded_cells():
    cells = [
        ("a", "x = 1\ny, z = 2, 3", True),
        ("b", "bound = x + 1\nx = 4\ndef draw(ax): return ax\nfor row in range(3): last = row", False),
        ("c", "print(x, y)\ndef use(bound):\n    last = bound\n    return [draw for draw in last]", True),
        ("d", "draw(bound + last)", True),
        ("e", "draw = bound = 5\nprint(bound)", True),
    ]
    assert plain_code.names_from_folded_cells(cells) == {"d": {"draw", "bound", "last"}}


def test_calls_and_printed_texts():
    source = "expect('a', 1)\nruntime.start()\nprint('some words', f'{x} more', y)"
    assert plain_code.calls(source) == {"expect", "start", "print"}
    assert plain_code.printed(source) == ["some words"]


@pytest.mark.parametrize(
    "source",
    [
        "One sentence here. And a second one.",
        "Is it so? *Yes*, it is.",
        "- An item (in brackets.) Another sentence.",
        "It ends with a formula $x = 1.5$. $y$ is next, so `z`. The end.",
        "A sentence that is\nbroken in two.",
        "- an item that is\n  broken in two",
    ],
)
def test_misplaced_sentences_are_found(source):
    assert len(plain_prose.misplaced(source)) >= 1


@pytest.mark.parametrize(
    "source",
    [
        "One sentence here.\nAnd a second one.\n\nA new paragraph",
        "## What is it? A heading\nA sentence.",
        "| a. B | c |\n| --- | --- |\n| One. Two. | 3 |",
        "It is due to Kingma et al. The usual value is 0.9, see Fig. 3 and J. Smith.",
        "Here is a list:\n- one\n- two\n1. three\n2. four",
        "The loss is\n\n$$\na = b.\nC\n$$\n\nwhere $a$ is a number.",
        "```python\nx = 1. # One. Two\n```",
        "### References\n\n- Kingma, D. *Adam.* In: A. Conference. 2014.",
        "Call `a. B` and look at **this one**.",
        'She said: "It works."\nThen it did (as before).\nAnd so on…\nEnd.',
    ],
)
def test_sentences_in_their_lines_are_left_alone(source):
    assert plain_prose.misplaced(source) == []


def test_words():
    text = "Two words and $x = 1$.\n\n```\ncode that does not count\n```\n\n$$\na = b\n$$"
    assert plain_prose.words(new_markdown_cell(text)) == 5
    assert plain_prose.words(new_code_cell("a = 1")) == 0


def test_pictures():
    assert plain_prose.shows_a_picture(new_markdown_cell("![a cat](cat.png)"))
    assert plain_prose.shows_a_picture(new_code_cell("plot()", metadata={"mystnb": {"figure": {"caption": "A."}}}))
    assert not plain_prose.shows_a_picture(new_markdown_cell("[a cat](cat.png)"))
    assert not plain_prose.shows_a_picture(new_code_cell("plot()"))


@pytest.mark.parametrize("word", ["colour", "Behaviours", "grey", "labelled", "normalisation", "analysed"])
def test_british_spelling_is_found(word):
    assert plain_prose.british(f"The {word} of it.") == [word]


def test_american_spelling_and_code_are_left_alone():
    text = "The color of a promise, analysis, an exercise; `colour`, [see](grey.md), labeled and supervised."
    assert plain_prose.british(text) == []
