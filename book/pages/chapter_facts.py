"""What there is to know about a chapter before one begins: read from the executed notebooks."""

import json
import re
from html import escape

from nbformat import NotebookNode

from book import notebooks
from book.notebooks import ROOT

GPU_TIMES = ROOT / "results" / "gpu.json"  # {"device": "...", "seconds": {slug: seconds}}, where someone measured
LEVELS = ("Beginner", "Intermediate", "Intermediate", "Intermediate", "Advanced")  # by how many chapters come before it
WORDS_PER_MINUTE = 200


def facts(slug: str, chapters: dict[str, NotebookNode]) -> list[tuple[str, str, str]]:
    """Return what there is to know before a chapter, as (name, HTML, HTML of a second line)."""
    course = chapters[slug].metadata["course"]
    run, held = course["run"], sum(claim["passed"] for claim in course["claims"])
    threads = f", {run['threads']} thread{'s' * (run['threads'] > 1)}" if run["device"] == "cpu" else ""
    memory = f"{course['peak_bytes'] / 1e9:.1f} GB"
    claims = f'<a href="../claims.html#claims-{slug}">{held} claims hold</a>'
    return [
        (
            "Time to run",
            f"{time(course['seconds'])} on {run['device'].upper()}",
            f"{escape(run['device_name'])}{threads}, {memory}",
        ),
        *gpu_time(slug),
        ("Time to read", f"{reading_minutes(chapters[slug])} min to read", "without the exercises"),
        ("Level", *level(slug, chapters)),
        ("Claims", claims, f"of {len(course['claims'])}, each beside its sentence"),
    ]


def time(seconds: float) -> str:
    """Return a duration as a reader would say it."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def gpu_time(slug: str) -> list[tuple[str, str, str]]:
    """Return how long the chapter took on a GPU, if that was measured."""
    if not GPU_TIMES.exists():
        return []
    measured = json.loads(GPU_TIMES.read_text(encoding="utf-8"))
    seconds = measured["seconds"].get(slug)
    return [("Time to run", f"{time(seconds)} on a GPU", escape(measured["device"]))] if seconds else []


def reading_minutes(notebook: NotebookNode) -> int:
    """Estimate the minutes that reading the text takes, to the nearest five."""
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    return max(5, 5 * round(words / WORDS_PER_MINUTE / 5))


def level(slug: str, chapters: dict[str, NotebookNode]) -> tuple[str, str]:
    """Say how hard a chapter is: by how many others it asks for, directly or through one another."""
    needed, waiting = set(), [slug]
    while waiting:
        found = {name for name in prerequisites(chapters[waiting.pop()]) if name in chapters} - needed
        needed |= found
        waiting += found
    names = [notebooks.short_title(chapters[name]) for name in prerequisites(chapters[slug]) if name in chapters]
    words = "after " + ", ".join(dict.fromkeys(names)) if names else "no chapter before it"
    return LEVELS[min(len(needed), len(LEVELS) - 1)], words


def prerequisites(notebook: NotebookNode) -> list[str]:
    """Return the slugs of the chapters that the Goals name as prerequisites."""
    goals = next((cell.source for cell in notebook.cells if cell.source.startswith("## Goals")), "")
    (line,) = re.findall(r"^Prerequisites:.*?(?=\n\n|\Z)", goals, re.MULTILINE | re.DOTALL)[:1] or [""]
    return re.findall(r"\]\(([\w-]+)\.ipynb", line)
