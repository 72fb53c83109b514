"""Renders the book from the executed notebooks: ``python -m book.build``, result in ``_build/html/``."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from book import lock, notebooks
from book.html import redirects, stylesheets
from book.html.formulas import set_formulas
from book.html.optimize import optimize
from book.html.section_heights import note_heights
from book.notebooks import ROOT
from book.pages.sources import SOURCE, write_sources

HTML = ROOT / "_build" / "html"
RENDERING = ROOT / "_build" / "rendering"  # where the book grows; readers see it when it is whole


def main() -> int:
    """Render the book from its sources, and return 0 only if Sphinx had nothing to warn of."""
    with lock.held("render"):
        print("book: rendering", flush=True)
        start = time.perf_counter()
        write_sources()
        shutil.rmtree(RENDERING, ignore_errors=True)  # or pictures of former builds would stay
        program = Path(sys.executable).with_name("jupyter-book")
        command = [program, "build", SOURCE, "--path-output", RENDERING, "--all", "-W", "-n", "--keep-going", "-q"]
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if run.returncode:
            print(complaints(run.stderr or run.stdout), file=sys.stderr)
            return 1
        finish(RENDERING / "_build" / "html")
        put_in_place(RENDERING / "_build" / "html", HTML)
        print(f"book: rendered in {time.perf_counter() - start:.1f} s", flush=True)
    return 0


def finish(html: Path) -> None:
    """Make the rendered pages light and whole, in place."""
    optimize(html)
    set_formulas(html)
    note_heights(html)
    stylesheets.bundle(html)
    redirects.lead_on(html, redirects.table())


def put_in_place(new: Path, place: Path) -> None:
    """Put a rendered folder where readers look for it, and let make know."""
    shutil.rmtree(place, ignore_errors=True)
    new.rename(place)
    shutil.rmtree(RENDERING)
    os.utime(place / "index.html")


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


if __name__ == "__main__":
    sys.exit(main())
