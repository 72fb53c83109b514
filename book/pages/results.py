"""Writes the results page from the executed notebooks and the benchmarks' tables. Nothing on it is typed."""

import json
from pathlib import Path

from nbformat import NotebookNode

from book import notebooks
from book.notebooks import ROOT
from book.pages.tables import table

INTRODUCTION = """# Results

This page is written by the build: what the chapters recorded while they ran, and how what the course builds compares
with its peers. What the chapters found is on the page of [claims](claims.md).
"""


def page(chapters: dict[str, NotebookNode]) -> str:
    """Return the whole page as Markdown."""
    parts = [INTRODUCTION, costs(chapters), environments(chapters), repeats(chapters)]
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
                f"[{passed} of {len(course['claims'])}](#claims-{slug})",
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


def benchmark(path: Path) -> str:
    """Return a benchmark's table, with the machine and the date of its measurement."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return f"## {data['title']}\n\nMeasured on {data['machine']}, {data['date']}.\n\n" + table(
        data["columns"], data["rows"]
    )


def link(slug: str, notebook: NotebookNode) -> str:
    """Return a link to a chapter, under its title."""
    return f"[{notebooks.title(notebook)}](chapters/{slug}.ipynb)"
