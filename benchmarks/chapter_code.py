"""Takes the code of a chapter's visible cells for a benchmark, so that what is timed is what the chapter teaches."""

import ast
from pathlib import Path
from typing import Any

from book import notebooks


def parameters(slug: str) -> dict[str, Any]:
    """Return what the chapter's parameters cell sets: {name: literal}."""
    nodes = ast.parse(tagged(slug, "parameters")).body
    return {node.target.id: ast.literal_eval(node.value) for node in nodes}  # type: ignore[attr-defined]


def tagged(slug: str, tag: str) -> str:
    cells = notebooks.code_cells(notebooks.read(chapter_file(slug)))
    return "\n".join(cell.source for cell in cells if tag in cell.metadata.get("tags", []))


def chapter_file(slug: str) -> Path:
    return notebooks.CHAPTERS / f"{slug}.ipynb"


def definitions(slug: str, names: set[str], given: dict[str, Any]) -> dict[str, Any]:
    """Run the chapter's imports and the first definition of each name, in the chapter's order.

    Args:
        slug: of the chapter.
        names: of functions, classes and constants.
        given: what the definitions need besides each other; it stays as it is.

    Raises:
        KeyError: the chapter does not define one of the names.
    """
    found: dict[str, Any] = dict(given)
    missing = set(names)
    for cell in notebooks.code_cells(notebooks.read(chapter_file(slug))):
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                run(node, found)
            elif defined := missing & names_of(node):
                run(node, found)
                missing -= defined
    if missing:
        raise KeyError(f"{slug} does not define {', '.join(sorted(missing))}")
    return found


def names_of(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return set()


def run(node: ast.stmt, names: dict[str, Any]) -> None:
    exec(compile(ast.Module([node], []), "<chapter>", "exec"), names)  # the course's own code, from its own files
