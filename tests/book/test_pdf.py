"""The printed book: its contents name the right pages, code has its colors, and no page is empty."""

import re
import subprocess
import sys

import pypdfium2
import pytest
from pypdf import PdfReader

from book.browser import PROGRAM
from book.notebooks import ROOT
from tests.book.conftest import HTML

UNLISTED = {"Goals", "Recap", "References"}  # in every chapter, where a reader expects them
BEGINNING = 20  # letters of a title
PAGE_HEAD, PAGE_FOOT, NUMBER_WIDTH = 790, 50, 16  # points
CASE = re.compile(r"[A-Z]\d+ · ")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The book, printed now, by the command that `make pdf` calls."""
    if PROGRAM is None or not (HTML / "index.html").exists():
        pytest.skip("printing needs Chromium and the built book")
    file = tmp_path_factory.mktemp("printed") / "book.pdf"
    subprocess.run([sys.executable, "-m", "book.pdf", file], cwd=ROOT, check=True)
    return file


@pytest.fixture(scope="module")
def printed(file):
    return PdfReader(file)


@pytest.fixture(scope="module")
def texts(file):
    """The words of each page, read by Chromium's own library: pypdf needs ten minutes for the whole book."""
    return [words(page.get_textpage().get_text_range()) for page in pypdfium2.PdfDocument(file)]


def words(text):
    """The letters and digits of a text: how a PDF sets the spaces between them is its own affair."""
    return "".join(re.findall(r"\w+", text))


def sections(book, deepest=2, entries=None, level=1):
    """What the outline lists, in order: (level, title, page counted from 0)."""
    for entry in book.outline if entries is None else entries:
        if isinstance(entry, list):
            yield from sections(book, deepest, entry, level + 1)
        elif level <= deepest:
            yield level, entry.title, book.get_destination_page_number(entry)


def test_the_contents_name_the_page_of_every_title_and_section(printed, texts):
    found = list(sections(printed))
    here = next(i for i, (_, title, _) in enumerate(found) if title == "Contents")
    listed = [entry for entry in found[here + 1 :] if entry[1] not in UNLISTED and len(entry[1]) > 1]
    assert len([title for level, title, _ in listed if level == 1]) >= 9
    contents = "".join(texts[found[here][2] : listed[0][2]])
    for _, title, page in listed:
        assert f"{words(title)}{page + 1}" in contents, title
    for level, title, page in listed:
        beginning = words(title)[:BEGINNING]  # the rest may stand in another line, which is read later
        assert beginning in texts[page], f"{title!r} is not on page {page + 1}"
        if level == 1:  # whose name stands above each of its pages
            assert texts[page].startswith(words(title)), title
            assert not texts[page - 1].startswith(words(title)), title


def fragments(page):
    """What stands on a page: (distance from the left, height above the bottom, text) of each run of letters."""
    found = []

    def visit(text, outer, inner, *_):
        if text.strip():
            x, y = (inner[4] * outer[i] + inner[5] * outer[i + 2] + outer[i + 4] for i in (0, 1))
            found.append((x, round(y), text.strip()))

    page.extract_text(visitor_text=visit)
    return found


def test_each_entry_of_the_contents_has_a_line_with_its_number_at_the_right(printed):
    found = list(sections(printed))
    here = next(i for i, (_, title, _) in enumerate(found) if title == "Contents")
    listed = [entry for entry in found[here + 1 :] if entry[0] == 1 or (entry[1] not in UNLISTED and entry[1][1:])]
    numbers, rows = [], {}
    for number in range(found[here][2], listed[0][2]):
        page = printed.pages[number]
        middle = float(page.mediabox.width) / 2
        for x, y, text in fragments(page):
            if PAGE_FOOT < y < PAGE_HEAD:
                rows.setdefault((number, y, x > middle), []).append((x, text))
    for row in rows.values():
        *titles, (x, last) = sorted(row)
        assert not [text for _, text in titles if text.isdigit()], row  # two entries in one line
        if last.isdigit():
            numbers.append(x)
    assert len(numbers) == len(listed)
    left, right = ([x for x in numbers if (x > middle) is side] for side in (False, True))
    assert max(left) - min(left) < NUMBER_WIDTH
    assert max(right) - min(right) < NUMBER_WIDTH


def test_the_list_of_cases_names_the_page_of_each(printed, texts):
    titles = [(title, page) for level, title, page in sections(printed) if level == 1]
    here = next(i for i, (title, _) in enumerate(titles) if title == "Clinic")
    clinic = "".join(texts[titles[here][1] : titles[here + 1][1]])
    cases = [(title, page) for _, title, page in sections(printed, 3) if CASE.match(title)]
    assert len(cases) > 50
    missing = [title for title, page in cases if f"{words(title)}{page + 1}" not in clinic]
    assert missing == []


def test_checks_are_their_ticks_and_solutions_have_a_title(texts):
    text = "".join(texts)
    assert "Solution" in text
    assert "Showcodecell" not in text


def test_no_page_is_empty(printed):
    drawn = [len(page.get_contents().get_data()) for page in printed.pages]
    assert len(drawn) > 250
    assert min(drawn) > 2000


def test_code_is_colored_and_links_lead_within_the_book(printed):
    chapter = next(page for level, title, page in sections(printed) if level == 1 and title.startswith("Concepts"))
    drawn = printed.pages[chapter + 1].get_contents().get_data()
    colors = set(re.findall(rb"([\d.]+ [\d.]+ [\d.]+) rg\n", drawn))
    assert len(colors) >= 6, "code on paper has the colors that it has on the page"
    links = [link.get_object() for page in printed.pages for link in page.get("/Annots", [])]
    addresses = [str(link["/A"]["/URI"]) for link in links if "/URI" in link.get("/A", {})]
    assert len(addresses) > 50
    assert [address for address in addresses if "127.0.0.1" in address or address.startswith("file")] == []
