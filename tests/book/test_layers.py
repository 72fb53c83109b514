"""The package keeps its shape: imports point one way, files and functions stay small."""

import ast

import pytest

from book.notebooks import ROOT

HELPERS = ROOT / "helpers"
FILES = sorted(HELPERS.rglob("*.py"))
# The one command of helpers trains what it then exports, on digits that it varies.
ABOVE = {
    "helpers/deploy/train.py": {"data", "metrics", "models", "train"},
    "helpers/deploy/augment.py": {"data"},
}
# A machine that serves has no torch.
WITHOUT_TORCH = ("helpers/deploy/folder.py", "helpers/deploy/serve.py", "helpers/deploy/service/")
MOST_LINES = 200
MOST_FUNCTION_LINES = 25


def name(path):
    return path.relative_to(ROOT).as_posix()


def layer(path):
    return path.relative_to(HELPERS).with_suffix("").parts[0]


def imported_layers(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "absolute imports only"
            modules = [node.module] if node.module != "helpers" else [f"helpers.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (module.split(".")[1] for module in modules if module.startswith("helpers."))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_imports_point_down(path):
    """A part of helpers imports its own files, runtime and files; these import nothing of ours."""
    allowed = {layer(path), "runtime", "files"} | ABOVE.get(name(path), set())
    if name(path).startswith(WITHOUT_TORCH):
        allowed = {"deploy", "files"}
    assert set(imported_layers(ast.parse(path.read_text(encoding="utf-8")))) <= allowed


@pytest.mark.parametrize("path", FILES, ids=name)
def test_is_small(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    long = {node.name: code_lines(node, text) for node in functions if code_lines(node, text) > MOST_FUNCTION_LINES}
    assert long == {}


def code_lines(function, text):
    """Count the lines of a function's body that hold code: no docstring, no comments, no blank lines."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    lines = text.splitlines()[body[0].lineno - 1 : function.end_lineno]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines)
