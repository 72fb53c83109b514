"""Renders the book from the executed notebooks: ``python -m book.build``, result in ``_build/html/``."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from book import notebooks, redirects, styles
from book.formulas import set_formulas
from book.heights import note_heights
from book.notebooks import ROOT
from book.polish import polish
from book.stage import SOURCE, stage

HTML = ROOT / "_build" / "html"


def main() -> int:
    """Stage the book's sources, render them, and return 0 only if Sphinx had nothing to warn of."""
    print("book: rendering", flush=True)
    start = time.perf_counter()
    stage()
    shutil.rmtree(HTML, ignore_errors=True)  # or pictures of former builds would stay
    program = Path(sys.executable).with_name("jupyter-book")
    command = [program, "build", SOURCE, "--path-output", ROOT, "--all", "-W", "-n", "--keep-going", "-q"]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if run.returncode:
        print(complaints(run.stderr or run.stdout), file=sys.stderr)
        shutil.rmtree(ROOT / "_build" / ".doctrees", ignore_errors=True)  # or Sphinx would skip these pages
        return 1
    polish(HTML)
    set_formulas(HTML)
    note_heights(HTML)
    styles.bundle(HTML)
    redirects.lead_on(HTML, redirects.table())
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


if __name__ == "__main__":
    sys.exit(main())
