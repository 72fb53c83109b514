"""A command is checked against the notebook before anything runs; a metric is found among a run's claims."""

import sys

import nbformat
import pytest
from tiny_sweep import write_notebook

from apps.sweep import notebook
from apps.sweep.messages import SweepError, TrialError
from apps.sweep.metric import metric_value
from apps.sweep.notebook import Claim
from apps.sweep.parameters import parameter_types
from helpers.runtime.expectations import CLAIM_MIME


def test_uses_the_same_type_as_expect():
    assert notebook.CLAIM_MIME == CLAIM_MIME


def test_finds_the_declared_parameters(sweep):
    found = parameter_types(sweep.notebook)
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
    assert parameter_types(path) == {"x": kind}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("no JSON", "cannot read bad.ipynb as a notebook"), ("[1]", "as a notebook"), ('{"cells": 3}', "as a notebook")],
)
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content, sentence):
    (tmp_path / "bad.ipynb").write_text(content)
    with pytest.raises(SweepError, match=sentence):
        parameter_types(tmp_path / "bad.ipynb")


def test_a_parameters_cell_that_is_not_python_is_refused(tmp_path):
    path = write_notebook(tmp_path / "bad.ipynb", parameters="lr: float =")
    with pytest.raises(SweepError, match=r"the parameters cell of bad\.ipynb is not Python"):
        parameter_types(path)


def run(tmp_path, body):
    path = write_notebook(tmp_path / "tiny.ipynb", body=body)
    return notebook.run(
        path, tmp_path / "out" / "0000.ipynb", {"lr": 0.5}, folder=tmp_path, cell_seconds=None, kernels=set()
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("import sys\nsys.exit()", r"a cell called sys.exit\(\), so the cells after it did not run"),
        ("raise SystemExit(0)", r"sys.exit\(0\)"),
        ("raise ValueError('wrong')", "^ValueError: wrong$"),
        ("import os\nos._exit(1)", "DeadKernelError"),
    ],
)
def test_a_run_that_stops_half_way_has_failed(tmp_path, body, sentence):
    with pytest.raises(TrialError, match=sentence):
        run(tmp_path, body)
    assert (tmp_path / "out" / "0000.ipynb").exists()  # as far as it came


def test_what_a_kernel_says_as_it_ends_is_no_news(tmp_path, capfd):
    run(tmp_path, "import atexit, os\natexit.register(os.write, 2, b'Assertion failed: POLLIN')")
    assert capfd.readouterr().err == ""


def test_what_a_kernel_says_as_it_dies_is_told(tmp_path):
    with pytest.raises(TrialError, match=r"DeadKernelError: .* \(Assertion failed: POLLIN\)$"):
        run(tmp_path, "import os\nos.write(2, b'Assertion failed: POLLIN')\nos._exit(1)")


def test_the_name_of_another_editors_kernel_is_no_obstacle(tmp_path):
    path = write_notebook(tmp_path / "tiny.ipynb", body="import os, sys\nprint(sys.executable, os.getcwd(), lr)")
    for kernel in ({"name": "myenv", "display_name": "My environment", "language": "python"}, {}):
        content = nbformat.read(path, as_version=4)
        content.metadata.kernelspec = kernel
        nbformat.write(content, path)
        assert parameter_types(path)["lr"] == "float"
        notebook.run(path, tmp_path / "done.ipynb", {"lr": 0.25}, folder=tmp_path, cell_seconds=None, kernels=set())
        done = nbformat.read(tmp_path / "done.ipynb", as_version=4)
        assert done.cells[-1].outputs[0].text == f"{sys.executable} {tmp_path} 0.25\n"


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(SweepError, match="is not a notebook"):
        parameter_types(tmp_path / "absent.ipynb")


def test_a_notebook_without_parameters_is_refused(tmp_path):
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "bare.ipynb")
    with pytest.raises(SweepError, match="no cell tagged 'parameters'"):
        parameter_types(tmp_path / "bare.ipynb")


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
    ("metric", "value"), [("score", 0.5), ("A > score", 0.5), ("A > twice", 1.0), ("B > twice", 2.0)]
)
def test_finds_the_metric(metric, value):
    assert metric_value(metric, CLAIMS) == value


def test_a_metric_that_is_not_there_names_those_that_are():
    with pytest.raises(SweepError) as caught:
        metric_value("scor", CLAIMS)
    assert "no claim 'scor'; did you mean 'score'?" in str(caught.value)
    assert all(f"\n  {claim.name}" in str(caught.value) for claim in CLAIMS)


def test_an_ambiguous_metric_says_how_to_be_precise():
    with pytest.raises(SweepError, match="write 'A > twice' or 'B > twice'"):
        metric_value("twice", CLAIMS)


@pytest.mark.parametrize("metric", ["word", "broken", "truth"])
def test_a_metric_must_be_a_finite_number(metric):
    with pytest.raises(TrialError, match="not a finite number"):
        metric_value(metric, CLAIMS)
