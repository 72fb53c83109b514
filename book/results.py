"""Writes the results page from the executed notebooks and the benchmarks' tables. Nothing on it is typed."""

import json
from pathlib import Path

from nbformat import NotebookNode

from book import notebooks
from book.notebooks import EXECUTED, ROOT
from book.tables import plain, short, table

INTRODUCTION = """# Results

This page is written by the build, from what the chapters recorded while they ran. A claim is an `expect(...)` in a
chapter: a value that a cell computed, and the bound that it must keep. One crossed claim fails the build.
"""
WORDS = {"at_least": "at least", "at_most": "at most", "equals": "equals"}


def page() -> str:
    """Return the whole page as Markdown."""
    chapters = {slug: notebooks.read(EXECUTED / f"{slug}.ipynb") for slug in notebooks.slugs()}
    parts = [INTRODUCTION, costs(chapters), environments(chapters), repeats(chapters), "## Claims\n"]
    parts += [claims(slug, notebook) for slug, notebook in chapters.items()]
    parts += [benchmark(path) for path in sorted(ROOT.glob("results/benchmarks/*.json"))]
    return "\n".join(parts)


def costs(chapters: dict[str, NotebookNode]) -> str:
    """Return a table of what each chapter took to run."""
    rows = []
    for slug, notebook in chapters.items():
        course = notebook.metadata["course"]
        passed = sum(claim["passed"] for claim in course["claims"])
        rows.append(
            [
                link(slug, notebook),
                f"{course['seconds']:.1f}",
                f"{course['peak_bytes'] / 1e6:.0f}",
                len(notebooks.code_cells(notebook)),
                f"{passed} of {len(course['claims'])}",
            ]
        )
    return "## What each chapter costs\n\n" + table(
        ["chapter", "seconds", "peak memory (MB)", "code cells", "claims that hold"], rows
    )


def environments(chapters: dict[str, NotebookNode]) -> str:
    """Return a table of where each chapter ran and with what."""
    rows = []
    for slug, notebook in chapters.items():
        run = notebook.metadata["course"]["run"]
        versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
        given = ", ".join(f"{name}={value}" for name, value in run["parameters"].items() if name != "seed")
        device = f"{run['device']} ({run['device_name']}), threads: {run['threads']}, {run['precision']}"
        rows.append([link(slug, notebook), device, versions, run["seed"], given])
    return "## Where and with what they ran\n\n" + table(
        ["chapter", "device", "versions", "seed", "other parameters"], rows
    )


def repeats(chapters: dict[str, NotebookNode]) -> str:
    """Say which cells the second run does not compare."""
    total = sum(len(notebooks.code_cells(notebook)) for notebook in chapters.values())
    rows = [
        [link(slug, notebook), notebooks.heading_above(notebook, index), f"`{cell.id}`"]
        for slug, notebook in chapters.items()
        for index, cell in enumerate(notebook.cells)
        if "nbval-ignore-output" in notebooks.tags(cell)
    ]
    text = f"""## What a second run repeats

The tests run every chapter a second time and compare all that it prints and draws, figures bit for bit.
{len(rows)} of {total} code cells are exempt, since what they print is a measured time.
"""
    return text + ("\n" + table(["chapter", "section", "cell"], rows) if rows else "")


def claims(slug: str, notebook: NotebookNode) -> str:
    """Return a chapter's table of claims."""
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
    heading = f"### {notebooks.title(notebook)}\n\n"
    return heading + (table(["held", "claim", "value", "bound", "section"], rows) if rows else "It makes no claims.\n")


def benchmark(path: Path) -> str:
    """Return a benchmark's table, with the machine and the date of its measurement."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return f"## {data['title']}\n\nMeasured on {data['machine']}, {data['date']}.\n\n" + table(
        data["columns"], data["rows"]
    )


def link(slug: str, notebook: NotebookNode) -> str:
    """Return a link to a chapter, under its title."""
    return f"[{notebooks.title(notebook)}](chapters/{slug}.ipynb)"


def bound(bounds: dict) -> str:
    """Return a claim's bounds in words."""
    return " and ".join(f"{WORDS[kind]} {short(value)}" for kind, value in bounds.items())
