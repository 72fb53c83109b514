"""The program of "On your own data" reads odd tables right, or says in a sentence what is wrong."""

import re

import pytest
import torch
from torch import nn

from book import notebooks
from book.notebooks import CHAPTERS


@pytest.fixture(scope="module")
def program():
    """The functions that the chapter defines for it."""
    chapter = notebooks.read(CHAPTERS / "logistic-regression.ipynb")
    names = {"torch": torch, "nn": nn}
    for cell in notebooks.code_cells(chapter):
        if "own-data" in notebooks.tags(cell):
            exec(cell.source, names)
    return names


def write(folder, lines, encoding="utf-8"):
    path = folder / "表.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def rows(count=40, yes="yes", no="no"):
    return [f"{i % 7},{i / 3:.2f},{yes if i % 7 > 3 else no}" for i in range(count)]


def test_reads_numbers_and_two_answers(program, tmp_path):
    inputs, labels, names, classes = program["read_table"](write(tmp_path, ["a,b,answer", *rows()]))
    assert inputs.shape == (40, 2)
    assert inputs[5].tolist() == pytest.approx([5.0, 1.67])
    assert (names, classes) == (["a", "b"], ["no", "yes"])
    assert labels[:7].tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_chinese_names_and_answers_and_the_mark_that_excel_writes(program, tmp_path):
    path = write(tmp_path, ["半径,纹理,诊断", *rows(yes="恶性", no="良性")], encoding="utf-8-sig")
    _, _, names, classes = program["read_table"](path)
    assert names == ["半径", "纹理"]
    assert classes == ["恶性", "良性"]


def test_a_row_with_a_gap_is_left_out_and_told(program, tmp_path, capsys):
    path = write(tmp_path, ["a,b,answer", *rows(), "1,,yes", "1,2,3,yes"])
    inputs, *_ = program["read_table"](path)
    assert len(inputs) == 40
    assert re.findall(r"line (\d+) is left out", capsys.readouterr().out) == ["42", "43"]


@pytest.mark.parametrize(
    ("lines", "encoding", "sentence"),
    [
        ([], "utf-8", "needs a line of names and at least 20 rows"),
        (["a,b,answer", *rows(3)], "utf-8", "needs a line of names and at least 20 rows"),
        (["a,b,answer", *rows(), "1,big,yes"], "utf-8", "line 42, column 'b': 'big' is not a number"),
        (["a,b,answer", *rows(yes="no")], "utf-8", "column 'answer' has 1 different values, not 2"),
        (["a,b,answer", *rows(), "1,2,maybe"], "utf-8", "column 'answer' has 3 different values, not 2"),
        (["半径,b,诊断", *rows()], "gbk", "is not text in UTF-8"),
        (["a,b,answer", *rows(), "1,nan,yes"], "utf-8", "line 42, column 'b': 'nan' is not a number"),
        (["a,b,answer", *rows(), "1,1e999,yes"], "utf-8", "line 42, column 'b': '1e999' is not a number"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(program, tmp_path, lines, encoding, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        program["read_table"](write(tmp_path, lines, encoding))


def test_trains_and_saves_all_that_a_prediction_needs(program, tmp_path):
    torch.manual_seed(3)
    points = torch.randn(200, 2)
    lines = [f"{x:.4f},{y:.4f},7,{'big' if x + y > 0 else 'small'}" for x, y in points.tolist()]
    path = write(tmp_path, ["x,y,always seven,answer", *lines])
    hits, tested = program["train_on_table"](path, tmp_path / "model.pt")
    assert len(tested) == 40
    assert hits >= 0.9
    saved = torch.load(tmp_path / "model.pt", weights_only=True)
    assert saved["names"] == ["x", "y", "always seven"]
    row = (torch.tensor([2.0, 2.0, 7.0]) - saved["mean"]) / saved["spread"]
    score = row @ saved["weights"]["weight"][0] + saved["weights"]["bias"]
    assert saved["classes"][int(score > 0)] == "big"
