"""Writes the page of claims from the executed notebooks: every value that a chapter checks, with its bound."""

from nbformat import NotebookNode

from book import notebooks
from book.pages.tables import plain, table
from helpers.runtime.expectations import short

INTRODUCTION = """# Claims

A claim is an `expect(...)` in a chapter: a value that a cell computed, and the bound that it must keep. This page is
written by the build from what the chapters recorded while they ran. One crossed claim fails the build. There are
**{count} claims**; the last column leads to where each is made.

"""
WORDS = {"at_least": "at least", "at_most": "at most", "equals": "equals"}


def page(chapters: dict[str, NotebookNode]) -> str:
    """Return the whole page as Markdown."""
    count = sum(len(notebook.metadata["course"]["claims"]) for notebook in chapters.values())
    return INTRODUCTION.format(count=count) + "\n".join(claims(slug, notebook) for slug, notebook in chapters.items())


def claims(slug: str, notebook: NotebookNode) -> str:
    """Return a chapter's table of claims, with its heading."""
    anchors = notebooks.anchors_above(notebook)
    rows = [
        [
            "✓" if claim["passed"] else "✗",
            plain(claim["name"]),
            plain(short(claim["value"])),
            plain(bound(claim["bound"])),
            f"[{claim['section']}](chapters/{slug}.ipynb#{anchors[claim['cell']]})",
        ]
        for claim in notebook.metadata["course"]["claims"]
    ]
    heading = f"(claims-{slug})=\n## {notebooks.title(notebook)}\n\n"
    return heading + (table(["held", "claim", "value", "bound", "section"], rows) if rows else "It makes no claims.\n")


def bound(bounds: dict) -> str:
    """Return a claim's bounds in words."""
    return " and ".join(f"{WORDS[kind]} {short(value)}" for kind, value in bounds.items())
