"""Executes one chapter into ``_build/executed/``: ``python -m book.execute concepts``.

Succeeds only if every cell ran and every expectation held. Says where it went wrong otherwise, and keeps the
notebook as far as it came in ``_build/failed/``.
"""

import logging
import os
import resource
import sys
import time
from pathlib import Path

import papermill
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError, strip_color

from book import lock, notebooks
from book.notebooks import CHAPTERS, EXECUTED, ROOT
from book.running import engine, kernels
from book.running.imports import helper_files

CELL_SECONDS = 300  # one cell; a whole chapter is meant to take less than 90, a busy machine takes longer
FAILED = ROOT / "_build" / "failed"
LOCKS = lock.LOCKS
ERROR_LINES = 12


def main(slug: str) -> int:
    """Execute the chapter of that name, and return the exit status."""
    try:
        with lock.held(f"execute-{slug}", folder=LOCKS):
            return executed(slug)
    except lock.NotWritableError as error:
        print(error, file=sys.stderr)
        return 1


def executed(slug: str) -> int:
    """Execute a chapter that no other process executes, and return the exit status."""
    for folder in (EXECUTED, FAILED):
        folder.mkdir(parents=True, exist_ok=True)
    unfinished = FAILED / f"{slug}.ipynb"
    print(f"{slug}: running", flush=True)
    start = time.perf_counter()
    complaint = execute(CHAPTERS / f"{slug}.ipynb", unfinished)
    seconds = time.perf_counter() - start
    notebook = notebooks.read(unfinished) if unfinished.exists() else None
    complaint = complaint or left_out(notebook) or missed_expectations(notebook)
    if complaint:
        print(f"{slug}: FAILED after {seconds:.1f} s in {complaint}", file=sys.stderr)
        if notebook:
            print(f"{slug}: the notebook, as far as it came: {notebooks.relative(unfinished)}", file=sys.stderr)
        return 1
    keep(slug, notebook, seconds)
    unfinished.unlink()
    return 0


def execute(source: Path, target: Path) -> str:
    """Run a notebook in its own folder. Return what went wrong, or an empty string."""
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)  # the sentence below says it once
    target.unlink(missing_ok=True)
    try:
        notebooks.read(source)
        kernels.require_loopback()
        papermill.execute_notebook(
            source,
            target,
            cwd=source.parent,
            engine_name=engine.NAME,
            progress_bar=False,
            execution_timeout=CELL_SECONDS,
            **kernels.KERNEL,
        )
    except PapermillExecutionError as error:
        return f"{failing_place(target)}\n{last_lines(error)}"
    except Exception as error:  # a dead kernel, a cell past its time, a file that is no notebook
        return f"{failing_place(target)}\n{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return ""


def failing_place(path: Path) -> str:
    """Say which cell of an unfinished notebook was the last to start."""
    if not path.exists():
        return "the start, before the first cell"
    notebook = notebooks.read(path)
    notebook.cells = [cell for cell in notebook.cells if "papermill-error-cell-tag" not in notebooks.tags(cell)]
    started = [
        index
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    return notebooks.place(notebook, started[-1]) if started else "the start, before the first cell"


def last_lines(error: PapermillExecutionError) -> str:
    """Return the end of a traceback, which ends with the error itself."""
    lines = strip_color("\n".join(error.traceback)).rstrip().splitlines()
    return "\n".join(f"  {line}" for line in lines[-ERROR_LINES:])


def left_out(notebook: NotebookNode) -> str:
    """Say where a run ended before its last cell, or return an empty string: `sys.exit()` ends it without an error."""
    cells = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    waiting = [index for index, cell in cells if cell.source.strip() and cell.execution_count is None]
    if not waiting:
        return ""
    last = max((index for index, cell in cells if cell.execution_count is not None), default=waiting[0])
    ended = [output.ename for output in notebook.cells[last].outputs if output.output_type == "error"]
    why = f" by {ended[-1]}" if ended else ""
    return f"{notebooks.place(notebook, last)}\n  The run ended there{why}. Code cells that did not run: {len(waiting)}"


def missed_expectations(notebook: NotebookNode) -> str:
    """Return one line for each claim that did not hold."""
    lines = []
    for index, claim in notebooks.shown(notebook, notebooks.CLAIM_MIME):
        if not claim["passed"]:
            where = notebooks.place(notebook, index)
            lines.append(f"{where}: expected {claim['name']!r} {claim['bound']}, got {claim['value']}")
    return "\n".join(lines)


def keep(slug: str, notebook: NotebookNode, seconds: float) -> None:
    """Write the executed notebook with its record, and the file that tells make what it depends on."""
    claims, run = notebooks.claims(notebook), notebooks.run_record(notebook)
    peak = peak_memory_of_children()
    notebook.metadata.pop("papermill", None)  # holds absolute paths and dates
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    notebook.metadata["course"] = {"seconds": round(seconds, 1), "peak_bytes": peak, "run": run, "claims": claims}
    files = [path.relative_to(ROOT) for path in helper_files(notebook)]
    rules = [f"_build/executed/{slug}.ipynb: {' '.join(map(str, files))}", *(f"{file}:" for file in files)]
    notebooks.write_text(EXECUTED / f"{slug}.d", "\n".join(rules) + "\n")
    notebooks.write(notebook, EXECUTED / f"{slug}.ipynb")
    os.utime(EXECUTED / f"{slug}.ipynb")  # make goes by dates, and a file that stays the same keeps its own
    print(f"{slug}: {seconds:.1f} s, {peak / 1e6:.0f} MB, {len(claims)} expectations hold", flush=True)


def peak_memory_of_children() -> int:
    """Return the largest resident size, in bytes, that a finished child process (the kernel) reached."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
