"""The program of a chapter's section "On your own data", taken from the notebook, for tests on small and odd files."""

import ast
import contextlib
import io
import runpy
import subprocess
import sys
import traceback
from importlib import util
from pathlib import Path
from types import ModuleType
from unittest import mock

from book import notebooks
from book.notebooks import CHAPTERS


def source(slug: str) -> str:
    """Return the program that a chapter writes: its opening, the cells tagged "program", and its commands."""
    cells = notebooks.code_cells(notebooks.read(CHAPTERS / f"{slug}.ipynb"))
    functions = [cell.source for cell in cells if "program" in notebooks.tags(cell)]
    writers = [cell.source for cell in cells if "write-program" in notebooks.tags(cell)]
    texts = {
        node.targets[0].id: node.value.value
        for node in ast.parse("\n\n".join(writers)).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    opening = texts["OPENING"] if "OPENING" in texts else texts["IMPORTS"]
    return "\n\n".join([opening, *functions, texts["COMMANDS"]])


def imported(source: str) -> set[str | None]:
    """Return the modules that a program imports names from, at its top or within a function."""
    return {node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)}


def write(slug: str, path: Path) -> Path:
    """Write the program of a chapter to a file."""
    path.write_text(source(slug), encoding="utf-8")
    return path


def load(path: Path) -> ModuleType:
    """Import a program, so that its functions can be called without a process for each call."""
    spec = util.spec_from_file_location(path.stem, path)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(path: Path, *arguments: object) -> subprocess.CompletedProcess:
    """Run a program in a fresh process."""
    command = [sys.executable, "-X", "utf8", str(path), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def answer(path: Path, *arguments: object) -> subprocess.CompletedProcess:
    """Run a program as a command line does, but in this process: each fresh one would load PyTorch again.

    What a program must do from nothing (train, save, predict) is tested with ``run``.
    """
    command = [str(path), *map(str, arguments)]
    written, complained = io.StringIO(), io.StringIO()
    status = 0
    with (
        mock.patch.object(sys, "argv", command),
        contextlib.redirect_stdout(written),
        contextlib.redirect_stderr(complained),
    ):
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
        except Exception:
            status = 1
            traceback.print_exc()
    return subprocess.CompletedProcess(command, status, written.getvalue(), complained.getvalue())
