"""Finds which of our own files a notebook imports, so that a change there reruns only what it touches."""

import ast
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from book.notebooks import ROOT, code_cells


def helper_files(notebook: NotebookNode, root: Path = ROOT) -> list[Path]:
    """Return the files of ``helpers`` and ``apps`` that a notebook imports, directly or through one another."""
    found: set[Path] = set()
    waiting = [path for cell in code_cells(notebook) for path in _imported(parse(cell.source), [], root)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            package = list(path.relative_to(root).with_suffix("").parts[:-1])
            waiting += _imported(ast.parse(path.read_text(encoding="utf-8")), package, root)
    return sorted(found)


def parse(source: str) -> ast.Module:
    """Return a cell as a syntax tree, without magics and shell commands; empty if it is not Python."""
    lines = ["pass" if line.startswith(("%", "!")) else line for line in source.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:  # the kernel will say so, better than we could
        return ast.parse("")


def _imported(tree: ast.Module, package: list[str], root: Path) -> Iterator[Path]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files(alias.name.split("."), root)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = base + (node.module.split(".") if node.module else [])
            for alias in node.names:
                yield from _files([*module, alias.name], root)


def _files(name: list[str], root: Path) -> Iterator[Path]:
    """Yield the files that importing a dotted name runs: each package on the way, and the module."""
    if name[:1] not in (["helpers"], ["apps"]):
        return
    for depth in range(1, len(name) + 1):
        path = root.joinpath(*name[:depth])
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                yield file
