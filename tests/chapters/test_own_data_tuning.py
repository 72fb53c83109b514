"""The program for the reader's own table, taken from the chapter, on the small and odd files that people have."""

import random
import re

import pytest
import torch

from tests.chapters import own_program
from tests.chapters.own_tables import UNUSABLE, rows, write


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("tuning", tmp_path_factory.mktemp("program") / "tune_table.py")


def test_tunes_and_predicts_in_fresh_processes(file, tmp_path):
    table = write(tmp_path / "表.csv", ["无用,有用,类别", *rows()], "utf-8-sig")
    tuned = own_program.run(file, "tune", table, tmp_path / "model.pt")
    assert tuned.returncode == 0, tuned.stderr
    assert "90 rows, 2 columns, classes: 大, 小" in tuned.stdout
    for check in ("check 1, baseline", "check 2, one batch", "check 3, rate 0.001", "check 4, information"):
        assert check in tuned.stdout
    assert tuned.stdout.index("有用:") < tuned.stdout.index("无用:")  # the telling column first
    assert float(tuned.stdout.split()[-1]) >= 0.8
    named = own_program.run(file, "predict", tmp_path / "model.pt", "0.9,0.95")
    assert named.returncode == 0, named.stderr
    assert named.stdout.startswith("大: ")


def test_says_when_the_class_is_not_in_the_columns(program, tmp_path, capsys):
    lines = rows(200)
    random.Random(1).shuffle(lines)
    shuffled = [
        f"{line.rsplit(',', 1)[0]},{other.rsplit(',', 1)[1]}" for line, other in zip(rows(200), lines, strict=True)
    ]
    program.tune(write(tmp_path / "table.csv", ["a,b,class", *shuffled]), tmp_path / "model.pt")
    printed = capsys.readouterr().out
    assert "No column stands out alone" in printed
    assert "no rate helps" in printed


def test_the_order_of_the_file_tells_nothing(program, tmp_path, capsys):
    sorted_lines = [f"7,{value}" for value in ["no"] * 60 + ["yes"] * 60]
    program.tune(write(tmp_path / "table.csv", ["always seven,class", *sorted_lines]), tmp_path / "model.pt")
    assert "No column stands out alone" in capsys.readouterr().out


def test_information_is_that_of_a_table_by_hand(program):
    column = torch.arange(100.0)
    assert program.column_information(column, (column >= 40).long()) == pytest.approx(0.971, abs=1e-3)  # h(0.4)
    assert program.column_information(column, torch.arange(100) % 2) == pytest.approx(0.0, abs=1e-6)


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    for arguments in ([], ["tune"], ["learn", "a", "b"], ["tune", tmp_path / "missing.csv", tmp_path / "model.pt"]):
        done = own_program.answer(file, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1


def test_empty_lines_and_spaces_are_no_obstacle(program, tmp_path):
    lines = ["a, b ,class", *[line.replace(",", " , ") for line in rows(40)], "", "  ,,", ""]
    inputs, labels, names, classes = program.read_table(write(tmp_path / "table.csv", lines))
    assert inputs.shape == (40, 2)
    assert len(labels) == 40
    assert names == ["a", "b"]
    assert classes == ["大", "小"]


@pytest.mark.parametrize(("lines", "encoding", "sentence"), UNUSABLE)
def test_what_cannot_be_used_is_told_in_a_sentence(program, tmp_path, lines, encoding, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        program.read_table(write(tmp_path / "表.csv", lines, encoding))


def test_nothing_is_trained_for_a_file_that_cannot_be_written(program, tmp_path):
    with pytest.raises(ValueError, match="Make it first"):
        program.tune(tmp_path / "table.csv", tmp_path / "nowhere" / "model.pt")


@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_file_that_is_no_model_is_named(program, tmp_path, content):
    if content is not None:
        (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pt"):
        program.predict(tmp_path / "model.pt", "1,2")


def test_a_row_that_does_not_fit_is_told(program, tmp_path):
    program.tune(write(tmp_path / "table.csv", ["a,b,class", *rows()]), tmp_path / "model.pt")
    with pytest.raises(ValueError, match="needs 2 numbers with commas between them, and got 3: a, b"):
        program.predict(tmp_path / "model.pt", "1,2,3")
    with pytest.raises(ValueError, match="'x' is not a number"):
        program.predict(tmp_path / "model.pt", "1,x")
