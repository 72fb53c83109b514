"""The pieces of words that the language-models chapter cuts a text into, put together, are the text again."""

import itertools
import re
from collections import Counter
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from book import notebooks
from book.notebooks import CHAPTERS

TAUGHT = ("split_words", "merge_pair", "most_frequent", "learn_merges", "learned_at", "text_pieces")
LINES = ["Returns the mean, or None.", "the mean of the newest rows", "3 rows: the lowest, the newest"] * 20


@pytest.fixture(scope="module")
def taught():
    """Run the cells that define the tokenizer, on a few lines."""
    names = {"re": re, "Counter": Counter, "cache": cache, "pairwise": itertools.pairwise}
    names |= {"texts_to_learn": LINES, "texts_to_guess": LINES, "merges": 40}
    seen = set()
    for cell in notebooks.code_cells(notebooks.read(CHAPTERS / "language-models.ipynb")):
        if "hide-input" not in notebooks.tags(cell):
            defines = [name for name in TAUGHT if re.search(rf"^(def {name}\(|{name} = )", cell.source, re.MULTILINE)]
            if defines or cell.source.startswith("to_learn = "):
                exec(cell.source, names)
                seen.update(defines)
    assert seen == set(TAUGHT)
    return names


@given(st.text() | st.text("thenwsm, .3\n"))
def test_pieces_give_the_text_again(taught, text):
    assert "".join(taught["text_pieces"](text)) == text


def test_frequent_words_are_one_piece(taught):
    """And a word of letters that were never merged stays letters."""
    assert taught["text_pieces"](LINES[1])[-3:] == [" the", " newest", " rows"]
    assert taught["text_pieces"]("xyz") == ["x", "y", "z"]
