"""The command line, the cell magic, and the assertion for a reader's tests."""

import json
import re
import subprocess
import sys

import pytest
import torch
from torch import nn

from helpers import doctor
from helpers.doctor.__main__ import main

PROGRAM = """
import torch
from torch import nn

def right():
    torch.manual_seed(0)
    x = torch.randn(64, 4)
    model = nn.Linear(4, 1)
    batches = list(zip(x.split(16), (x @ torch.ones(4, 1)).split(16)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return {"model": model, "loss_fn": nn.MSELoss(), "batches": batches, "optimizer": optimizer}

def faulty():
    program = right()
    program["optimizer"] = torch.optim.SGD(nn.Linear(4, 1).parameters(), lr=0.05)
    return program

number = 3
def model_is_a_number():
    return {"model": 3, "batches": []}
def no_batch():
    return {**right(), "batches": []}
def loss_of_each():
    return {**right(), "loss_fn": nn.MSELoss(reduction="none")}
def of_width(width, depth=2):
    return right()
def nothing():
    pass
def without_batches():
    return {"model": nn.Linear(4, 1)}
def misspelt():
    return {**right(), "optimiser": None}
def unknown():
    return {**right(), "xyz": None}
def stops():
    print("on its way")
    return len(3)
def talks():
    print("on its way")
    return right()
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A module of the reader's, in the current folder."""
    (tmp_path / "reader_program.py").write_text(PROGRAM)
    (tmp_path / "reader_broken.py").write_text("import torhc")
    (tmp_path / "reader_stops.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in ("reader_program", "reader_broken", "reader_stops"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("programs")
def test_a_right_program_ends_with_0(capsys):
    assert main(["reader_program:right"]) == 0
    assert "fault" not in capsys.readouterr().out


@pytest.mark.usefixtures("programs")
def test_a_faulty_program_ends_with_1_and_data(capsys):
    assert main(["reader_program:faulty", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["findings"][0]["cause"] == "optimizer-of-another-model"
    assert set(report["findings"][0]) == {"cause", "grade", "seen", "why", "mend", "chapter"}


@pytest.mark.usefixtures("programs")
def test_what_is_expected_is_no_fault():
    assert main(["reader_program:faulty", "--expected", "optimizer-of-another-model", "nothing-moves"]) == 0


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("reader_program", "expected package.module:function, .* such as reader_program:function"),
        ("folder/reader_program.py:right", "such as folder.reader_program:right"),
        ("no_such_module:program", "there is no module no_such_module in .*; go to the folder"),
        ("reader_broken:program", "reader_broken cannot be imported: No module named 'torhc'; install that"),
        ("reader_stops:program", r"cannot be imported: ZeroDivisionError: .* \(reader_stops.py, line 1\)"),
        ("reader_program:number", "but number is of type int; it has right, faulty"),
        ("reader_program:absent", "but it has no function absent; it has right, faulty"),
        ("reader_program:of_width", "expected a function without arguments, but of_width needs width; write one"),
        ("reader_program:nothing", r"expected nothing\(\) to return a dict of what examine takes, .* got NoneType"),
        ("reader_program:without_batches", "expected batches in the dict .* got model"),
        ("reader_program:rihgt", r"but it has no function rihgt; did you mean 'right'\?"),
        ("reader_program:misspelt", r"examine takes no optimiser, .*; did you mean 'optimizer'\?"),
        ("reader_program:unknown", "examine takes no xyz, .*; it takes model, loss_fn, batches, optimizer"),
        ("reader_program:stops", r"stops\(\) stopped by TypeError: object of type 'int' has no len\(\) \(reader_pro"),
        ("reader_program:model_is_a_number", r"expected a torch\.nn\.Module as model, got int"),
        ("reader_program:no_batch", "expected at least one batch, got none; .* give a list or a DataLoader"),
        (
            "reader_program:loss_of_each",
            r"expected one number as the loss, got a tensor of shape \(16, 1\); take its mean",
        ),
        ("reader_program:right --expected nothing-move", "which is no cause; did you mean 'nothing-moves'"),
    ],
)
def test_what_cannot_be_examined_ends_with_2_and_a_sentence(address, sentence, capsys):
    assert main(["--json", *address.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert re.search(sentence, printed.err)


@pytest.mark.usefixtures("programs")
def test_what_the_program_prints_is_kept_out_of_the_data(capsys):
    assert main(["reader_program:talks", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["findings"] == []
    assert "on its way" in printed.err


@pytest.mark.usefixtures("programs")
def test_it_runs_as_a_module(tmp_path):
    words = [sys.executable, "-m", "helpers.doctor", "reader_program:faulty"]
    import os

    import helpers

    path = os.pathsep.join([str(tmp_path), os.path.dirname(os.path.dirname(helpers.__file__))])  # noqa: PTH120
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert done.returncode == 1
    assert "optimizer-of-another-model" in done.stdout


def small(model, optimizer):
    x = torch.randn(64, 4)
    batches = list(zip(x.split(16), (x @ torch.ones(4, 1)).split(16), strict=True))
    return model, nn.MSELoss(), batches, optimizer


def test_assert_healthy_passes_and_fails():
    model = nn.Linear(4, 1)
    assert doctor.assert_healthy(*small(model, torch.optim.SGD(model.parameters(), lr=0.05))).healthy
    with pytest.raises(AssertionError, match="optimizer-of-another-model"):
        doctor.assert_healthy(*small(model, torch.optim.SGD(nn.Linear(4, 1).parameters(), lr=0.05)))
    with pytest.raises(ValueError, match="worst"):
        doctor.assert_healthy(*small(model, None), worst="terrible")


@pytest.fixture
def shell():
    """IPython's shell, as a notebook has it."""
    interactive = pytest.importorskip("IPython.core.interactiveshell", reason="IPython is not installed")
    shell = interactive.InteractiveShell.instance()
    doctor.load_ipython_extension(shell)
    yield shell
    interactive.InteractiveShell.clear_instance()


CELL = """
for _ in range(4):
    ((model(x) - 1) ** 2).mean().backward()
    optimizer.step()
"""


def test_the_cell_magic_shows_what_a_cell_does(shell):
    shell.run_cell("import torch; model, x = torch.nn.Linear(2, 1), torch.randn(8, 2)")
    shell.run_cell("optimizer = torch.optim.SGD(model.parameters(), lr=0.01)")
    report = shell.run_cell("%%doctor model, optimizer\n" + CELL).result
    assert [finding.cause for finding in report] == ["zero-grad-missing"]
    assert "<table>" in report._repr_html_()
    quiet = shell.run_cell('%%doctor model, optimizer, expected=["zero-grad-missing"]\n' + CELL).result
    assert list(quiet) == []


def test_an_error_in_the_cell_goes_on_to_the_notebook(shell):
    original = torch.autograd.backward
    shell.run_cell("import torch; model = torch.nn.Linear(2, 1)")
    assert isinstance(shell.run_cell("%%doctor model\nraise KeyError('mine')").error_in_exec, KeyError)
    assert torch.autograd.backward is original
    assert isinstance(shell.run_cell("%%doctor\n1 + 1").error_in_exec, doctor.ProgramError)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "expected what to watch, .*; nothing came"),
        ("no_model", "expected what to watch, .* 'no_model' gives NameError: name 'no_model' is not defined"),
        ("torch optim", "expected what to watch, .* gives SyntaxError"),
        ("3", r"expected a torch\.nn\.Module as model, got int"),
        ("torch.nn.Linear", "got the class Linear; call it with its arguments"),
        ("torch.nn.Linear(1, 1), loader=[]", r"expected doctor\.watch\(model, .* unexpected keyword argument 'loader'"),
        ("torch.nn.Linear(1, 1), frozen='bias'", "expected a list of names as frozen, got a text"),
    ],
)
def test_what_cannot_be_watched_is_answered_in_a_sentence(shell, line, sentence):
    shell.run_cell("import torch")
    error = shell.run_cell(f"%%doctor {line}\n1 + 1").error_in_exec
    assert isinstance(error, doctor.ProgramError)
    assert re.search(sentence, str(error))
