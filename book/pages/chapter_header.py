"""What a chapter's page opens with: its picture, what it costs to run, how hard it is, and where to get it.

All of it comes from the executed notebooks, and goes into the copies that the book renders.
"""

import base64

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from book import notebooks, repository
from book.pages.chapter_facts import facts


def with_header(slug: str, chapters: dict[str, NotebookNode]) -> tuple[NotebookNode, bytes]:
    """Return a copy of a chapter with its opening, and the picture that stands there (empty if it has none)."""
    notebook = notebooks.copied(chapters[slug])
    facts = new_markdown_cell(facts_block(slug, chapters), id="facts")
    at = picture_cell(notebook)
    if at is None:
        notebook.cells.insert(1, facts)
        return notebook, b""
    block, picture = take_picture(notebook.cells[at], slug)
    moved = [facts, new_markdown_cell(block, id="opening-picture")]
    if notebook.cells[at - 1].cell_type == "markdown" and not notebook.cells[at - 1].source.startswith("#"):
        moved.append(notebook.cells[at - 1])  # what the picture shows, in words
        notebook.cells[at - 1] = new_markdown_cell(f"The next cell draws the [picture at the top](#opening-{slug}).")
    notebook.cells[1:1] = moved
    return notebook, picture


def picture_cell(notebook: NotebookNode) -> int | None:
    """Return the index of the first cell that shows a picture with a caption, if a section has not begun by then."""
    for index, cell in enumerate(notebook.cells[: first_section(notebook)]):
        if "figure" in cell.metadata.get("mystnb", {}) and any(map(png, cell.get("outputs", []))):
            return index
    return None


def first_section(notebook: NotebookNode) -> int:
    """Return the index of the cell in which the section after the Goals begins."""
    starts = [index for index, level, words in notebooks.headings(notebook) if level == 2 and words != "Goals"]
    return starts[0] if starts else len(notebook.cells)


def png(output: NotebookNode) -> str:
    """Return an output's picture in base 64, or an empty string."""
    return output.get("data", {}).get("image/png", "")


def take_picture(cell: NotebookNode, slug: str) -> tuple[str, bytes]:
    """Take the picture out of a cell, and return the Markdown that shows it together with its bytes."""
    shown = next(output for output in cell.outputs if png(output))
    cell.outputs.remove(shown)
    words = cell.metadata.pop("mystnb")
    width = shown.metadata.get("image/png", {}).get("width", 700)
    block = (
        f"```{{figure}} {slug}.png\n:name: opening-{slug}\n:width: {width}px\n:alt: {words['image']['alt']}\n\n"
        f"{words['figure']['caption']}\n```\n"
    )
    return block, base64.b64decode(png(shown))


def facts_block(slug: str, chapters: dict[str, NotebookNode]) -> str:
    """Return the strip of facts and buttons as HTML, which Markdown passes on as it is."""
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{text}<small>{more}</small></dd></div>" for name, text, more in facts(slug, chapters)
    )
    links = "".join(f'<a href="{to}">{text}</a>' for to, text in ways_to_get(slug))
    return f'<div class="course-facts">\n<dl>{rows}</dl>\n<p class="course-buttons">{links}</p>\n</div>\n'


def ways_to_get(slug: str) -> list[tuple[str, str]]:
    """Return the ways to get a chapter, as (address, text)."""
    colab, source = repository.on_colab(slug), repository.source(slug)
    ways = [(colab, "Open in Colab")] if colab else []
    ways.append((f"../colab/{slug}.ipynb", "Download for Colab or Jupyter"))
    ways.append((source or f"../notebooks/{slug}.ipynb", "Source" if source else "Source, without outputs"))
    return ways
