"""Prose is plain Markdown that reads alike in the book, on Colab and on GitHub, and holds no measured number."""

import re

import pytest

from book import notebooks
from book.notebooks import CHAPTERS, ROOT

FORBIDDEN = {
    "a role": r"\{[\w:-]+\}`",
    "a directive": r"^(```|:::)+ *\{",
    "a colon fence": r"^:::",
    "HTML": r"</?[a-zA-Z][^>\n]*>",
    "a MyST comment": r"^% ",
    "a MyST target": r"^\([\w-]+\)=",
}
# A decimal or a percentage in prose is nearly always something that a cell has measured, so a cell should print it.
# A number that is part of a definition may stand: list it in the cell's metadata, {"course": {"numbers": ["0.5"]}}.
MEASURED = r"\d+\.\d+(?: ?%)?|\d+ ?%"


def prose(cell):
    """Return a cell's text without code, formulas and link targets."""
    text = re.sub(r"^(```|~~~).*?^\1", " ", cell.source, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"(`+).+?\1", " ", text, flags=re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "] ", text)
    return re.sub(r"<?https?://\S+>?", " ", text)


def markdown(chapter):
    return [cell for cell in chapter.cells if cell.cell_type == "markdown"]


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_is_plain_markdown(chapter, kind):
    def text(cell):
        if kind == "a role":
            return re.sub(r"\$[^$]*\$", " ", cell.source)
        return cell.source if kind == "a directive" else prose(cell)

    found = [
        (cell.id, match[0]) for cell in markdown(chapter) for match in re.finditer(FORBIDDEN[kind], text(cell), re.M)
    ]
    assert found == [], f"{kind} works in the book alone"


def test_holds_no_measured_number(chapter):
    found = []
    for cell in markdown(chapter):
        allowed = cell.metadata.get("course", {}).get("numbers", [])
        body = "\n".join(line for line in prose(cell).splitlines() if not is_reference(line))
        found += [(cell.id, number) for number in re.findall(MEASURED, body) if number not in allowed]
    assert found == [], "let a cell compute and print it"


def is_reference(line):
    """A line of the list of references: it names a year, and its numbers are volumes, pages, identifiers."""
    return re.match(r"\s*[-*\d]", line) and re.search(r"\b(19|20)\d\d\b|arXiv", line)


def test_links_between_pages_lead_somewhere(chapter, slug):
    for cell in markdown(chapter):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", cell.source):
            if not re.match(r"[a-z]+:", target):
                path = (CHAPTERS / target).resolve()
                known = path.exists() or path.stem in notebooks.toc_slugs()
                assert known, f"{slug}, cell {cell.id}: {target} does not exist"
                assert path.is_relative_to(ROOT)
