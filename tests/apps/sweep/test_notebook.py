"""A command is checked against the notebook before anything runs; a goal is found among a run's claims."""

import nbformat
import pytest
from tiny_sweep import write_notebook

from apps.sweep import notebook
from apps.sweep.errors import SweepError
from apps.sweep.goal import value_of
from apps.sweep.notebook import Claim, TrialError
from apps.sweep.space import parse_axis
from helpers.runtime.expectations import CLAIM_MIME

TYPES = {"lr": "float", "hidden": "int", "kind": "str", "flag": "bool", "sizes": "list[int]", "odd": ""}


def check(*axes, **fixed):
    notebook.check([parse_axis(axis.split()) for axis in axes], fixed, TYPES)


def test_uses_the_same_type_as_expect():
    assert notebook.CLAIM_MIME == CLAIM_MIME


def test_finds_the_declared_parameters(sweep):
    found = notebook.declared(sweep.notebook)
    assert found == {"lr": "float", "hidden": "int", "kind": "str", "seed": "int"}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("x = 3", "int"),
        ("x = -0.5  # a rate", "float"),
        ("x = 1e-3", "float"),
        ("x = True", "bool"),
        ("x = 'adam'", "str"),
        ("x: float = 1", "float"),
        ("x = None", ""),
        ("x = [1, 2]", ""),
        ("x = 2 * 8", ""),
        ("x: list[int] = [1, 2]", "list[int]"),
    ],
)
def test_a_parameter_without_annotation_has_the_type_of_its_literal(tmp_path, line, kind):
    path = write_notebook(tmp_path / "bare.ipynb", parameters=line)
    assert notebook.declared(path) == {"x": kind}


def test_allows_what_fits():
    check("lr log 1e-3 1", "hidden intlog 1 8", "kind choice a b", flag="true")


@pytest.mark.parametrize(
    ("axes", "fixed", "sentence"),
    [
        (["hiden int 1 8"], {}, r"no parameter 'hiden'; did you mean 'hidden'\?"),
        (["qqq int 1 8"], {}, "no parameter 'qqq'; known: 'lr', 'hidden', 'kind', 'flag', 'sizes', 'odd'"),
        (["lr log 1e-3 1"], {"hiden": "1"}, "did you mean 'hidden'"),
        (["lr log 1e-3 1", "lr float 0 1"], {}, "'lr' is given twice"),
        (["lr log 1e-3 1"], {"lr": "1"}, "'lr' is given twice"),
        (["hidden float 1 8"], {}, "is int in the notebook, so its kind cannot be float: int or intlog"),
        (["kind int 1 8"], {}, "is str in the notebook, so its kind cannot be int: choice"),
        (
            ["sizes choice 1 2"],
            {},
            r"'sizes' is annotated list\[int\]; a sweep needs one that is annotated int, float, str or bool",
        ),
        (
            ["lr log 1e-3 1"],
            {"odd": "1"},
            "'odd' has no annotation, and a value that does not tell its type; annotate it as int, float",
        ),
    ],
)
def test_refuses_what_does_not_fit(axes, fixed, sentence):
    with pytest.raises(SweepError, match=sentence):
        check(*axes, **fixed)


@pytest.mark.parametrize(("text", "kind", "value"), [("3", "int", 3), ("3", "float", 3.0), ("True", "bool", True)])
def test_turns_words_into_the_type_of_the_parameter(text, kind, value):
    found = notebook.typed("x", text, kind)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("text", "kind"), [("3.5", "int"), ("many", "float"), ("1", "bool")])
def test_refuses_words_of_another_type(text, kind):
    with pytest.raises(SweepError, match=f"'x' is {kind} in the notebook"):
        notebook.typed("x", text, kind)


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(SweepError, match="is not a notebook"):
        notebook.declared(tmp_path / "absent.ipynb")


def test_a_notebook_without_a_kernel_is_refused(tmp_path):
    cell = nbformat.v4.new_code_cell("x: int = 1", metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "bare.ipynb")
    with pytest.raises(SweepError, match=r"cannot read bare\.ipynb: No kernel name"):
        notebook.declared(tmp_path / "bare.ipynb")


def test_a_notebook_without_parameters_is_refused(tmp_path):
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "bare.ipynb")
    with pytest.raises(SweepError, match="no cell tagged 'parameters'"):
        notebook.declared(tmp_path / "bare.ipynb")


def test_the_digest_sees_cells_and_not_outputs(sweep):
    before = notebook.digest(sweep.notebook)
    content = nbformat.read(sweep.notebook, as_version=4)
    content.cells[2].outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(content, sweep.notebook)
    assert notebook.digest(sweep.notebook) == before
    content.cells[2].source += "\n"
    nbformat.write(content, sweep.notebook)
    assert notebook.digest(sweep.notebook) != before


CLAIMS = [Claim("A", "score", 0.5), Claim("A", "twice", 1), Claim("B", "twice", 2), Claim("B", "word", "high")]
CLAIMS += [Claim("B", "broken", "nan"), Claim("B", "truth", True)]


@pytest.mark.parametrize(
    ("goal", "value"), [("score", 0.5), ("A > score", 0.5), ("A > twice", 1.0), ("B > twice", 2.0)]
)
def test_finds_the_goal(goal, value):
    assert value_of(goal, CLAIMS) == value


def test_a_goal_that_is_not_there_names_those_that_are():
    with pytest.raises(SweepError) as caught:
        value_of("scor", CLAIMS)
    assert "no claim 'scor'; did you mean 'score'?" in str(caught.value)
    assert all(f"\n  {claim.name}" in str(caught.value) for claim in CLAIMS)


def test_an_ambiguous_goal_says_how_to_be_precise():
    with pytest.raises(SweepError, match="write 'A > twice' or 'B > twice'"):
        value_of("twice", CLAIMS)


@pytest.mark.parametrize("goal", ["word", "broken", "truth"])
def test_a_goal_must_be_a_finite_number(goal):
    with pytest.raises(TrialError, match="not a finite number"):
        value_of(goal, CLAIMS)
