"""Every cause leads to a section of the book that speaks of it."""

import functools

import pytest
from docutils.nodes import make_id

from book import notebooks
from helpers.doctor import CAUSES
from helpers.doctor.causes.reading import ADDRESSES, SECTIONS


@functools.cache
def sections(slug):
    """Text of each section of a chapter by its address, that of a part without the parts behind it."""
    texts, address = {}, ""
    for cell in notebooks.read(notebooks.CHAPTERS / f"{slug}.ipynb").cells:
        if cell.cell_type != "markdown":
            continue
        for line in cell.source.splitlines():
            if line.startswith(("## ", "### ")):
                address = make_id(line.lstrip("# "))
            texts[address] = texts.get(address, "") + line + "\n"
    return texts


def test_every_cause_has_one_section_and_nothing_else_has():
    listed = [cause for causes in SECTIONS.values() for cause in causes]
    assert sorted(listed) == sorted(CAUSES)


@pytest.mark.parametrize("cause", CAUSES)
def test_cause_leads_to_a_section_that_speaks_of_it(cause):
    page, _, heading = CAUSES[cause].chapter.partition(".html#")
    words = next(causes[cause] for causes in SECTIONS.values() if cause in causes)
    found = sections(page.removeprefix("chapters/"))
    assert heading in found, f"there is no section {heading} in {page}"
    assert words.lower() in found[heading].lower(), f"{heading} does not say {words!r}"
    assert ADDRESSES[cause] == CAUSES[cause].chapter
