"""The program that measures before it trains, taken from the chapter, on the small and odd files that people have."""

import re

import pytest
import torch
from torch import nn

from tests.chapters import own_program
from tests.chapters.own_tables import UNUSABLE, rows, write


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("debugging", tmp_path_factory.mktemp("program") / "check_table.py")


def printed(program, capsys, tmp_path, lines):
    """Return what the program prints on a table of these lines."""
    program.check_and_train(write(tmp_path / "table.csv", lines), tmp_path / "model.pt")
    return capsys.readouterr().out


def test_measures_trains_and_predicts_in_fresh_processes(file, tmp_path):
    table = write(tmp_path / "表.csv", ["无用,有用,类别", *rows()], "utf-8-sig")
    trained = own_program.run(file, "train", table, tmp_path / "model.pt")
    assert trained.returncode == 0, trained.stderr
    assert "90 rows, 2 columns, classes: 大, 小" in trained.stdout
    for check in ("1 baseline", "2 data", "3 one batch", "4 loss at the start", "5 gradients"):
        assert check in trained.stdout
    assert "LOOK" not in trained.stdout
    assert float(trained.stdout.split()[-1]) >= 0.8
    named = own_program.run(file, "predict", tmp_path / "model.pt", "0.9,0.95")
    assert named.returncode == 0, named.stderr
    assert named.stdout.startswith("大: ")


def test_it_needs_nothing_of_the_course():
    source = own_program.source("debugging")
    assert "helpers" not in source
    assert {module for module in own_program.imported(source) if module} <= {"pathlib", "torch"}


def test_a_constant_column_is_pointed_out(program, capsys, tmp_path):
    out = printed(program, capsys, tmp_path, ["a,b,always seven,class", *[f"{r[:-2]},7,{r[-1]}" for r in rows()]])
    assert "always seven: 7 to 7" in out
    assert "LOOK: this column is constant" in out


def test_twins_in_training_and_validation_are_counted(program, capsys, tmp_path):
    out = printed(program, capsys, tmp_path, ["a,b,class", *rows(45), *rows(45)])
    assert "LOOK: " in out
    assert "have a twin with equal inputs in training" in out


def test_one_class_that_is_nearly_everything_is_pointed_out(program, capsys, tmp_path):
    lines = [f"{number},{number % 7},common" for number in range(200)] + [f"{n},99,rare" for n in range(5)]
    assert "LOOK: one class is nearly everything" in printed(program, capsys, tmp_path, ["a,b,class", *lines])


def test_equal_rows_of_two_classes_cannot_be_learned_by_heart(program, capsys, tmp_path):
    out = printed(program, capsys, tmp_path, ["a,b,class", *[f"1,2,{'xy'[n % 2]}" for n in range(60)]])
    assert "LOOK: not learned by heart" in out
    assert "LOOK: trained, and not above the baseline" in out


def test_a_loss_far_from_log_k_is_pointed_out(program, capsys):
    inputs, labels = 1e4 * torch.randn(40, 3), torch.arange(40) % 2
    program.check_start(nn.Linear(3, 2), inputs, labels, 2)
    assert "LOOK: this should be near 1" in capsys.readouterr().out


def test_a_parameter_that_no_gradient_reaches_is_pointed_out(program, capsys):
    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.head = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, inputs):
            return self.head(self.encoder(inputs).detach())

    program.check_gradients(Cut(), torch.randn(8, 3), torch.arange(8) % 2)
    out = capsys.readouterr().out
    assert out.count("LOOK: nothing leads from the loss to this parameter") == 2
    assert "encoder.weight: none" in out


def test_a_gradient_of_zero_is_told_apart_from_none(program, capsys):
    class Dead(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.head = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, inputs):
            return self.head((self.encoder(inputs) - 1e6).relu())

    program.check_gradients(Dead(), torch.randn(8, 3), torch.arange(8) % 2)
    out = capsys.readouterr().out
    assert "encoder.weight: zero" in out
    assert "LOOK: nothing arrives at this parameter from this batch" in out
    assert "none" not in out


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    for arguments in ([], ["train"], ["learn", "a", "b"], ["train", tmp_path / "missing.csv", tmp_path / "model.pt"]):
        done = own_program.answer(file, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1


def test_empty_lines_and_spaces_are_no_obstacle(program, tmp_path):
    lines = ["", "a, b ,class", *[line.replace(",", " , ") for line in rows(40)], "", "  ,,", ""]
    inputs, labels, names, classes = program.read_table(write(tmp_path / "table.csv", lines))
    assert inputs.shape == (40, 2)
    assert len(labels) == 40
    assert names == ["a", "b"]
    assert classes == ["大", "小"]


@pytest.mark.parametrize(
    ("lines", "encoding", "sentence"),
    [
        *UNUSABLE,
        (["a,b,class", "", *rows(), "1,,小"], "utf-8", "Row 93, column 'b': '' is not a number"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(program, tmp_path, lines, encoding, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        program.read_table(write(tmp_path / "表.csv", lines, encoding))


def test_nothing_is_trained_for_a_file_that_cannot_be_written(program, tmp_path):
    with pytest.raises(ValueError, match="Make it first"):
        program.check_and_train(tmp_path / "table.csv", tmp_path / "nowhere" / "model.pt")


@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_file_that_is_no_model_is_named(program, tmp_path, content):
    if content is not None:
        (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pt"):
        program.predict(tmp_path / "model.pt", "1,2")


def test_a_row_that_does_not_fit_is_told(program, tmp_path):
    program.check_and_train(write(tmp_path / "table.csv", ["a,b,class", *rows()]), tmp_path / "model.pt")
    with pytest.raises(ValueError, match="needs 2 numbers with commas between them, and got 3: a, b"):
        program.predict(tmp_path / "model.pt", "1,2,3")
    with pytest.raises(ValueError, match="'x' is not a number"):
        program.predict(tmp_path / "model.pt", "1,x")
