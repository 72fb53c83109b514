"""The package keeps its shape: imports point one way, files and functions stay small."""

import ast

import pytest

from book.notebooks import ROOT

HELPERS = ROOT / "helpers"
FILES = sorted(HELPERS.rglob("*.py"))
APPS = sorted((ROOT / "apps").rglob("*.py"))
# A machine that serves has no torch.
WITHOUT_TORCH = ("apps/digits/model_folder.py", "apps/digits/serve.py", "apps/digits/service/")
MOST_LINES = 200
MOST_FUNCTION_LINES = 25


def name(path):
    return path.relative_to(ROOT).as_posix()


def layer(path):
    return path.relative_to(HELPERS).with_suffix("").parts[0]


def imported(tree):
    """Return the dotted names that a file imports, each down to the name that it takes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def packages(path):
    return {module.split(".")[0] for module in imported(ast.parse(path.read_text(encoding="utf-8")))}


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
    """A part of helpers imports its own files, runtime, files and names; the last two import nothing of ours."""
    allowed = {layer(path), "runtime", "files", "names"}
    assert set(imported_layers(ast.parse(path.read_text(encoding="utf-8")))) <= allowed


def test_helpers_do_not_stand_on_apps():
    assert [name(path) for path in FILES if "apps" in packages(path)] == []


@pytest.mark.parametrize("path", [path for path in APPS if name(path).startswith(WITHOUT_TORCH)], ids=name)
def test_what_serves_needs_no_torch(path):
    modules = set(imported(ast.parse(path.read_text(encoding="utf-8"))))
    ours = {module for module in modules if module.startswith("helpers.")}
    assert ours <= {"helpers.files.write_whole", "helpers.deploy.session.open_session"}
    assert "torch" not in packages(path)


@pytest.mark.parametrize("path", [*FILES, *APPS], ids=name)
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
