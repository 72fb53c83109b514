"""Renders the book from the executed notebooks: ``python -m book.build``, result in ``_build/html/``."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from book import notebooks, results
from book.notebooks import EXECUTED, ROOT

SOURCE = ROOT / "_build" / "source"
HTML = ROOT / "_build" / "html"


def main() -> int:
    """Stage the book's sources, render them, and return 0 only if Sphinx had nothing to warn of."""
    print("book: rendering", flush=True)
    start = time.perf_counter()
    stage()
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", SOURCE, "--path-output", ROOT, "-W", "-n", "--keep-going", "-q"]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if run.returncode:
        print(complaints(run.stderr or run.stdout), file=sys.stderr)
        shutil.rmtree(ROOT / "_build" / ".doctrees", ignore_errors=True)  # or Sphinx would skip these pages
        return 1
    (HTML / "index.html").touch()
    print(f"book: rendered in {time.perf_counter() - start:.1f} s", flush=True)
    return 0


def complaints(log: str) -> str:
    """Return Sphinx's warnings and errors, without colors and without jupyter-book's own traceback."""
    log = re.sub(r"\x1b\[[0-9;]*m", "", log)
    log = log.split("\nTraceback (most recent call last)")[0].split("\n=====")[0]
    return re.sub(r"(chapters/[\w-]+\.ipynb):(\d{5,})", named_cell, log.replace(f"{SOURCE}/", "")).strip()


def named_cell(found: re.Match) -> str:
    """Turn Sphinx's line number, 10,000 for each cell, into the cell's place."""
    number = int(found[2]) // 10_000
    notebook = notebooks.read(SOURCE / found[1])
    index = min(number, len(notebook.cells)) - 1
    return f"{found[1]}, cell id {notebook.cells[index].id}, under '{notebooks.heading_above(notebook, index + 1)}'"


def stage() -> None:
    """Bring ``_build/source`` up to date, and leave alone what has not changed, so that Sphinx can too."""
    wanted = {path.name: path.read_text(encoding="utf-8") for path in [*ROOT.glob("*.md"), ROOT / "_toc.yml"]}
    wanted["_config.yml"] = config_without_execution()
    for slug in notebooks.slugs():
        wanted[f"chapters/{slug}.ipynb"] = notebooks.as_text(with_cost(notebooks.read(EXECUTED / f"{slug}.ipynb")))
    wanted["results.md"] = results.page()
    for name, text in wanted.items():
        notebooks.write_text(SOURCE / name, text)
    shutil.copytree(ROOT / "_static", SOURCE / "_static", dirs_exist_ok=True)
    for path in [*SOURCE.glob("*.md"), *SOURCE.glob("chapters/*")]:
        if path.relative_to(SOURCE).as_posix() not in wanted:
            path.unlink()


def config_without_execution() -> str:
    """Return ``_config.yml`` with execution switched off."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    config["execute"]["execute_notebooks"] = "off"
    extensions = config["sphinx"]["local_extensions"]
    config["sphinx"]["local_extensions"] = {name: str(ROOT / folder) for name, folder in extensions.items()}
    return yaml.safe_dump(config, allow_unicode=True, sort_keys=False)


def with_cost(notebook: NotebookNode) -> NotebookNode:
    """Insert the measured cost as one line below the title cell."""
    text = f"*{cost_line(notebook.metadata['course'])}*"
    notebook.cells.insert(1, new_markdown_cell(text, id="measured-cost"))
    return notebook


def cost_line(course: dict) -> str:
    """Say what running a chapter took, and where."""
    run, held = course["run"], len(course["claims"])
    threads = f", {run['threads']} thread{'s' * (run['threads'] > 1)}" if run["device"] == "cpu" else ""
    return (
        f"Executed for this page in {course['seconds']:.0f} s with {course['peak_bytes'] / 1e9:.1f} GB of memory on "
        f"{run['device']} ({run['device_name']}{threads}). All {held} of its expectations held: see the "
        f"[results](../results.md)."
    )


if __name__ == "__main__":
    sys.exit(main())
