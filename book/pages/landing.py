"""Fills the front page, ``intro.md``, with what only the executed chapters know."""

import re

from nbformat import NotebookNode

from book import notebooks, repository
from book.notebooks import ROOT
from book.pages import chapter_header, clinic
from book.pages.chapter_facts import level, reading_minutes, time

SHOWN = 4  # cases of each chapter
PROMISE_LENGTH = 180  # characters


def page(chapters: dict[str, NotebookNode]) -> str:
    """Return the front page: each comment that names one of the parts below is replaced by it."""
    text = notebooks.without_generated((ROOT / "intro.md").read_text(encoding="utf-8"))
    for name, part in (("numbers", counts), ("articles", articles), ("chapters", cards), ("colab", colab)):
        text = text.replace(f"<!-- {name} -->", part(chapters))
    return text


def counts(chapters: dict[str, NotebookNode]) -> str:
    """Return what the course consists of, counted."""
    courses = [notebook.metadata["course"] for notebook in chapters.values()]
    cases = sum(len(clinic.cases_of(slug, notebook)) for slug, notebook in chapters.items())
    counted = [
        (len(chapters), "chapters"),
        (sum(len(notebooks.code_cells(notebook)) for notebook in chapters.values()), "executed cells"),
        (sum(len(course["claims"]) for course in courses), "checked claims"),
        (cases, "popular errors, tried"),
        (time(sum(course["seconds"] for course in courses)), "to run it all on a CPU"),
    ]
    items = "".join(f"<div><dt>{text}</dt><dd>{count}</dd></div>" for count, text in counted)
    return f'<div class="course-facts course-numbers"><dl>{items}</dl></div>'


def articles(chapters: dict[str, NotebookNode]) -> str:
    """Return a card for each chapter: what articles on its subject get wrong, and where it is put right."""
    found = []
    for slug, notebook in chapters.items():
        cases = clinic.cases_of(slug, notebook)
        if cases:
            lines = [f"- {case.id} · [{case.title}]({case.link})" for case in cases[:SHOWN]]
            more = f"- [and {len(cases) - SHOWN} more](#clinic-{slug})" if len(cases) > SHOWN else ""
            title = f"… on {notebooks.short_title(notebook)[:1].lower()}{notebooks.short_title(notebook)[1:]}"
            found.append("\n".join([f":::{{grid-item-card}} {title}", *lines, more, ":::\n"]))
    return "::::{grid} 1 1 2 2\n:gutter: 3\n\n" + "\n".join(found) + "::::\n"


def cards(chapters: dict[str, NotebookNode]) -> str:
    """Return a card for each chapter, under the name of its part."""
    numbers = {slug: number for number, slug in enumerate(chapters, start=1)}
    found = []
    for caption, slugs in notebooks.toc_parts().items():
        made = [card(numbers[slug], slug, chapters) for slug in slugs if slug in chapters]
        if made:
            found += [f"### {caption}\n", "::::::{grid} 1 1 2 3\n:gutter: 3\n", *made, "::::::\n"]
    return "\n".join(found)


def card(number: int, slug: str, chapters: dict[str, NotebookNode]) -> str:
    """Return the card of a chapter: picture, title, promise, minutes and level."""
    notebook = chapters[slug]
    seconds = time(notebook.metadata["course"]["seconds"])
    shown = f":img-top: chapters/{slug}.png\n:img-alt: {alt(notebook)}\n"
    return (
        f":::::{{grid-item-card}} {number} · {notebooks.title(notebook)}\n:link: chapters/{slug}\n:link-type: doc\n"
        f"{shown if chapter_header.picture_cell(notebook) is not None else ''}:class-card: chapter-card\n\n"
        f"{promise(notebook)}\n\n::::{{card-footer}}\n{level(slug, chapters)[0]} · "
        f"{reading_minutes(notebook)} min to read · {seconds} to run\n::::\n:::::\n"
    )


def promise(notebook: NotebookNode) -> str:
    """Return the first sentences below the title, as many as fit on a card."""
    first, *others = re.split(r"(?<=[.?!]) ", notebook.cells[0].source.split("\n\n")[1].replace("\n", " "))
    for sentence in others:
        if len(first) + len(sentence) > PROMISE_LENGTH:
            break
        first = f"{first} {sentence}"
    return first


def alt(notebook: NotebookNode) -> str:
    """Return what the opening picture shows."""
    cells = (cell.metadata.get("mystnb", {}) for cell in notebook.cells)
    return next((cell["image"]["alt"] for cell in cells if "image" in cell), "")


def colab(chapters: dict[str, NotebookNode]) -> str:
    """Say how to run a chapter on Colab: by a link where the course has an address, else by its file."""
    links = []
    for slug, notebook in chapters.items():
        to = repository.on_colab(slug) or f"colab/{slug}.ipynb"
        links.append(f'<a href="{to}">{notebooks.short_title(notebook)}</a>')
    names = ", ".join(links)
    if repository.url():
        return f"Open one, and choose Runtime, Run all: {names}."
    return f"Download one, upload it to Colab, and choose Runtime, Run all: {names}."
