"""What stands in git is a clean notebook: no outputs, stable ids, the standard kernel."""

import json
import re

import nbformat

from book import notebooks
from book.notebooks import CHAPTERS


def test_is_valid(slug):
    nbformat.validate(nbformat.read(CHAPTERS / f"{slug}.ipynb", as_version=nbformat.NO_CONVERT))


def test_slug_is_a_plain_name(slug):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)


def test_is_in_the_table_of_contents(slug):
    assert slug in notebooks.toc_slugs()


def test_has_no_outputs(chapter):
    kept = [cell.id for cell in notebooks.code_cells(chapter) if cell.outputs or cell.execution_count is not None]
    assert not kept, f"cells with outputs or counts: {kept}; `make strip` removes them"


def test_cells_have_unique_ids(slug):
    """Read as plain JSON, since nbformat mends ids in silence."""
    ids = [cell.get("id") for cell in json.loads((CHAPTERS / f"{slug}.ipynb").read_text(encoding="utf-8"))["cells"]]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_kernel_is_python3(chapter):
    assert chapter.metadata.kernelspec.name == "python3"


def test_has_no_widget_state(chapter):
    assert "widgets" not in chapter.metadata


def test_no_cell_is_empty(chapter):
    assert [cell.id for cell in chapter.cells if not cell.source.strip()] == []
