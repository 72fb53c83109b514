"""The start cell of a chapter, and the rules that it gives for the parameters, for tests of both."""

import ast

from nbformat import NotebookNode

from book import notebooks

OPTIONS = {"gpu_gain", "threads", "mixed_precision", "precision"}  # of runtime.start: not parameters


def position(chapter: NotebookNode) -> int:
    """Return which of the code cells the start cell is."""
    cells = notebooks.code_cells(chapter)
    return next(number for number, cell in enumerate(cells) if "runtime.start(" in cell.source)


def rules(chapter: NotebookNode) -> dict[str | None, ast.expr]:
    """Return name -> the rule's node, of the call to runtime.start."""
    start = notebooks.code_cells(chapter)[position(chapter)]
    calls = [node for node in ast.walk(ast.parse(start.source)) if isinstance(node, ast.Call)]
    call = next(node for node in calls if ast.unparse(node.func) == "runtime.start")
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg not in OPTIONS}
