"""Reads what the pipeline and the tests want to know from a notebook."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import yaml
from mdit_py_plugins.anchors.index import slugify
from nbformat import NotebookNode

from helpers.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = ROOT / "chapters"
EXECUTED = ROOT / "_build" / "executed"
CLAIM_MIME = "application/vnd.course.claim+json"
RUN_MIME = "application/vnd.course.run+json"


class NotANotebookError(ValueError):
    """A file holds something else than a notebook; its text is for the reader."""


def read(path: Path) -> NotebookNode:
    """Return the notebook in that file, in format 4.

    Raises:
        NotANotebookError: the file holds something else.
    """
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        nbformat.validate(notebook)
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        raise NotANotebookError(
            f"{relative(path)} is not a notebook ({reason(error)}). Get the file back as it was, "
            f"for example: git checkout -- {relative(path)}"
        ) from error
    return notebook


def reason(error: Exception) -> str:
    """Say in a few words why a file could not be read as a notebook."""
    if isinstance(error.__cause__ or error.__context__, json.JSONDecodeError):
        wrong = error.__cause__ or error.__context__
        return f"line {wrong.lineno} is not JSON: {wrong.msg}"
    return str(error).strip().splitlines()[0][:200]


def as_text(notebook: NotebookNode) -> str:
    """Return a notebook as the text of its file."""
    return nbformat.writes(notebook) + "\n"


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook so that the file is either the old one or the whole new one."""
    write_text(path, as_text(notebook))


def write_text(path: Path, text: str) -> None:
    """Write a text file the same way, and leave it (and its date) alone if it already says this."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    write_whole(path, text.encode())


def toc() -> dict:
    """Return the table of contents as the built book has it, where the generated pages stand at the top."""
    return yaml.safe_load(without_generated((ROOT / "_toc.yml").read_text(encoding="utf-8")))


def without_generated(text: str) -> str:
    """Return a text in which the pages that the build writes have the addresses that they have in the built book.

    In git, ``generated/`` holds a line in place of each, so that a plain ``jupyter-book build .`` finds them all.
    A chapter, which stands in a folder, links to ``../generated/``.
    """
    return re.sub(r"(\]\((?:\.\./)?|file: )generated/", r"\1", text)


def toc_parts() -> dict[str, list[str]]:
    """Return caption -> slugs of the chapters, of each part of the table of contents that holds chapters."""
    files = {part["caption"]: [Path(chapter["file"]) for chapter in part["chapters"]] for part in toc()["parts"]}
    found = {
        caption: [path.stem for path in paths if path.parent.name == "chapters"] for caption, paths in files.items()
    }
    return {caption: slugs for caption, slugs in found.items() if slugs}


def toc_slugs() -> list[str]:
    """Return the chapters' slugs in the order of the table of contents."""
    return [slug for slugs in toc_parts().values() for slug in slugs]


def slugs() -> list[str]:
    """Return the slugs of the chapters that exist, in the book's order and then by name."""
    order = toc_slugs()
    found = [path.stem for path in CHAPTERS.glob("*.ipynb")]
    return sorted(found, key=lambda slug: (order.index(slug) if slug in order else len(order), slug))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def headings(notebook: NotebookNode) -> Iterator[tuple[int, int, str]]:
    """Yield (index of the cell, level, text) of every Markdown heading outside code fences."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            text = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.MULTILINE | re.DOTALL)
            for marks, words in re.findall(r"^(#{1,6}) +(.+?) *$", text, flags=re.MULTILINE):
                yield index, len(marks), words


def title(notebook: NotebookNode) -> str:
    """Return the first heading of level 1."""
    return next((words for _, level, words in headings(notebook) if level == 1), "(no title)")


def short_title(notebook: NotebookNode) -> str:
    """Return the title as far as its colon."""
    return title(notebook).split(":")[0]


def copied(notebook: NotebookNode) -> NotebookNode:
    """Return a copy that can be changed."""
    return nbformat.reads(nbformat.writes(notebook), as_version=4)


def heading_above(notebook: NotebookNode, index: int) -> str:
    """Return the last heading before the cell at that index."""
    above = [words for at, _, words in headings(notebook) if at < index]
    return above[-1] if above else "(no heading)"


def section_above(notebook: NotebookNode, index: int) -> str:
    """Return the heading that a claim in that cell stands under: the Goals are a list, what follows opens the page."""
    above = [words for at, _, words in headings(notebook) if at < index and words != "Goals"]
    return above[-1] if above else "(no heading)"


def anchored_headings(notebook: NotebookNode) -> Iterator[tuple[int, str, str]]:
    """Yield (index of the cell, text, anchor in the rendered page) of every heading."""
    taken: dict[str, int] = {}
    for index, _, words in headings(notebook):
        slug = slugify(words)
        yield index, words, f"{slug}-{taken[slug]}" if slug in taken else slug
        taken[slug] = taken.get(slug, 0) + 1


def anchors_above(notebook: NotebookNode) -> dict[str, str]:
    """Return cell id -> the anchor, in the rendered page, of the heading that ``section_above`` names."""
    last = {index: anchor for index, words, anchor in anchored_headings(notebook) if words != "Goals"}
    found, anchor = {}, ""
    for index, cell in enumerate(notebook.cells):
        anchor = last.get(index, anchor)
        found[cell.get("id", "")] = anchor
    return found


def place(notebook: NotebookNode, index: int) -> str:
    """Say where a code cell stands, as a reader would look for it."""
    number = sum(cell.cell_type == "code" for cell in notebook.cells[: index + 1])
    cell = notebook.cells[index]
    return f"code cell {number} (id {cell.get('id', 'none')}), under '{heading_above(notebook, index)}'"


def shown(notebook: NotebookNode, mime: str) -> Iterator[tuple[int, dict]]:
    """Yield (index of the cell, data) of every output of that type."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if mime in output.get("data", {}):
                yield index, output["data"][mime]


def claims(notebook: NotebookNode) -> list[dict]:
    """Return every claim of an executed notebook, with its cell's id and the section it stands in."""
    return [
        {**claim, "cell": notebook.cells[index].get("id", ""), "section": section_above(notebook, index)}
        for index, claim in shown(notebook, CLAIM_MIME)
    ]


def run_record(notebook: NotebookNode) -> dict:
    """Return what the start cell recorded: device, threads, precision, seed, versions, parameters."""
    return next((record for _, record in shown(notebook, RUN_MIME)), {})


def relative(path: Path) -> str:
    """Return a path as a reader would type it."""
    return os.path.relpath(path)
