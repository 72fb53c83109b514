"""Code that a chapter teaches stands in ``helpers`` too, word for word but for types and docstrings."""

import ast
import difflib

from book import notebooks
from book.notebooks import ROOT


class Bare(ast.NodeTransformer):
    """Removes annotations and docstrings."""

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        if node.value is None:
            return None
        return ast.Assign(targets=[node.target], value=node.value)

    def visit_body(self, node):
        self.generic_visit(node)
        if node.body and isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
            node.body = node.body[1:] or [ast.Pass()]
        if hasattr(node, "returns"):
            node.returns = None
        return node

    visit_FunctionDef = visit_ClassDef = visit_body  # noqa: N815 - ast's own names


def bare(node):
    return ast.unparse(ast.fix_missing_locations(Bare().visit(node))).splitlines()


def definitions(source):
    return [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def in_helpers():
    """Return name -> [definition], of everything defined at the top of a file of helpers."""
    found = {}
    for path in sorted((ROOT / "helpers").rglob("*.py")):
        for node in definitions(path.read_text(encoding="utf-8")):
            found.setdefault(node.name, []).append(bare(node))
    return found


def test_taught_code_is_the_code_of_helpers(chapter):
    known = in_helpers()
    for cell in notebooks.code_cells(chapter):
        if "in-helpers" in notebooks.tags(cell):
            nodes = definitions(cell.source)
            assert len(nodes) == len(ast.parse(cell.source).body) == 1, f"cell {cell.id}: one class or function a cell"
            assert nodes[0].name in known, f"helpers has no {nodes[0].name}"
            taught = bare(nodes[0])
            differences = [
                "\n".join(difflib.unified_diff(kept, taught, "helpers", "chapter", lineterm=""))
                for kept in known[nodes[0].name]
            ]
            assert "" in differences, f"{nodes[0].name} differs:\n" + "\n".join(differences)


def test_bare_code_keeps_what_computes():
    source = 'def f(x: int, *, y: float = 2.0) -> float:\n    """Doc."""\n    z: float = x\n    return z + y'
    assert bare(definitions(source)[0]) == ["def f(x, *, y=2.0):", "    z = x", "    return z + y"]
