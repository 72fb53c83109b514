"""The text of a function or a class is what stands in its cell, so that a program can hold it."""

import linecache
import sys

import pytest

from helpers.runtime import text_of

CELL = """\
import math


class Circle:
    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return math.pi * self.radius**2


class Disk(Circle):
    def area(self):
        return super().area()


class Empty:
    pass


def double(x):  # a comment
    return 2 * x
"""


@pytest.fixture
def cell():
    """Run a cell as a notebook does: its text is known under a name that is no file."""
    linecache.cache["<cell>"] = (len(CELL), None, CELL.splitlines(keepends=True), "<cell>")
    module = sys.modules["__main__"]
    names = {"__name__": module.__name__}
    exec(compile(CELL, "<cell>", "exec"), names)
    yield names
    del linecache.cache["<cell>"]


def test_the_text_of_a_function(cell):
    assert text_of(cell["double"]) == "def double(x):  # a comment\n    return 2 * x\n"


def test_the_texts_of_two_classes_of_one_cell(cell):
    circle, disk = text_of(cell["Circle"]), text_of(cell["Disk"])
    assert circle == CELL[CELL.index("class Circle") : CELL.index("\n\nclass Disk")]
    assert disk == CELL[CELL.index("class Disk") : CELL.index("\n\nclass Empty")]


def test_a_class_without_methods_is_refused_in_a_sentence(cell):
    with pytest.raises(ValueError, match="Empty defines no method"):
        text_of(cell["Empty"])
