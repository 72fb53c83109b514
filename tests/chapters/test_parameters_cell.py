"""The parameters cell explains itself to papermill, and agrees with the rules of the start cell."""

import ast
import subprocess
import sys

import papermill
import pytest

from book.notebooks import CHAPTERS, ROOT
from helpers.runtime.parameters import describe_rule
from tests.chapters.start_cell import rules

BUILT_IN = {"seed": "int", "device": "str"}  # rules that runtime.start brings along


def inspected(slug):
    return papermill.inspect_notebook(str(CHAPTERS / f"{slug}.ipynb"))


def ruled_type(rule):
    """Return the type that a rule asks for, by name, or None if it is computed."""
    if isinstance(rule, ast.Name) and rule.id == "bool":
        return "bool"
    try:
        rule = ast.literal_eval(rule)
    except ValueError:
        return None
    return type(rule[0]).__name__ if isinstance(rule, tuple) else "str"


def test_papermill_explains_them(slug):
    command = [sys.executable, "-m", "papermill", "--help-notebook", str(CHAPTERS / f"{slug}.ipynb")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    for name in inspected(slug):
        assert f"{name}:" in run.stdout
    assert "Can't infer" not in run.stdout + run.stderr


def test_each_is_annotated_and_explained(slug):
    parameters = inspected(slug)
    assert {"seed", "device"} <= set(parameters)
    for name, parameter in parameters.items():
        assert parameter["inferred_type_name"] in {"int", "float", "str", "bool"}, f"{name} has no plain annotation"
        assert len(parameter["help"].split()) >= 2, f"{name} has no comment that explains it"


def test_defaults_have_the_annotated_type(slug):
    for name, parameter in inspected(slug).items():
        value = ast.literal_eval(parameter["default"])
        assert type(value).__name__ == parameter["inferred_type_name"], f"{name} = {value!r}"


def test_rules_and_annotations_agree(slug, chapter):
    annotated = {name: parameter["inferred_type_name"] for name, parameter in inspected(slug).items()}
    ruled = {name: ruled_type(rule) for name, rule in rules(chapter).items()}
    assert set(annotated) == set(ruled) | set(BUILT_IN)
    for name, kind in {**ruled, **BUILT_IN}.items():
        assert kind in (None, annotated[name]), f"{name} is annotated {annotated[name]}, but its rule asks for {kind}"


def test_ranges_are_written_as_in_the_error_sentence(slug, chapter):
    for name, rule in rules(chapter).items():
        if ruled_type(rule) in {"int", "float"}:
            limits = describe_rule(ast.literal_eval(rule)).partition(" from ")[2]
            assert limits in inspected(slug)[name]["help"], f"the comment of {name} should say: {limits}"


def test_choices_hold_the_default(slug, chapter):
    for name, rule in rules(chapter).items():
        if isinstance(rule, ast.List):
            assert ast.literal_eval(inspected(slug)[name]["default"]) in ast.literal_eval(rule)


@pytest.mark.parametrize("name", ["seed", "device"])
def test_common_defaults(slug, name):
    assert ast.literal_eval(inspected(slug)[name]["default"]) == {"seed": 0, "device": "auto"}[name]
