"""The program that finds the unusual rows of a table of one's own, from the representations chapter, on odd tables."""

import re

import pytest
import torch

from tests.chapters import own_program


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("representations", tmp_path_factory.mktemp("program") / "unusual_rows.py")


def usual(count=100):
    """Return lines whose third number is the sum of the first two, so a row that breaks the rule is odd."""
    draw = torch.Generator().manual_seed(0)
    pairs = torch.randn(count, 2, generator=draw).tolist()
    return [f"{a:.3f},{b:.3f},{a + b:.3f},机器" for a, b in pairs]


def write(folder, lines, encoding="utf-8", name="表.csv"):
    path = folder / name
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


HEADER = "长,宽,sum,name"


def test_finds_the_odd_row_in_a_fresh_process(file, tmp_path):
    table = write(tmp_path, [HEADER, *usual()], encoding="utf-8-sig")  # with the mark that some editors write
    trained = own_program.run(file, "train", table, tmp_path / "model.pt")
    assert trained.returncode == 0, trained.stderr
    assert "column 'name' is left out" in trained.stdout
    assert "learned from 80 rows, kept 20 aside" in trained.stdout
    new = write(tmp_path, [HEADER, *usual(20), "1.5,1.5,-3,机器"], name="new.csv")
    judged = own_program.run(file, "judge", tmp_path / "model.pt", new)
    assert judged.returncode == 0, judged.stderr
    assert re.search(r"of 21 rows are above the threshold\nline 22: .*\(.*sum.*\)", judged.stdout)


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    done = own_program.answer(file, "train", tmp_path / "missing.csv", tmp_path / "model.pt")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [f"There is no file {tmp_path / 'missing.csv'}. Check the path."]


@pytest.mark.parametrize(
    ("lines", "encoding", "sentence"),
    [
        ([], "utf-8", "needs a line of names, and rows below it"),
        ([HEADER], "utf-8", "needs a line of names, and rows below it"),
        ([HEADER, *usual(39)], "utf-8", "has 39 usable rows, and needs 40 or more"),
        (["name", *["甲"] * 50], "utf-8", "has no column of numbers"),
        ([HEADER, *usual()], "gb18030", "not text in UTF-8"),
    ],
)
def test_tables_that_cannot_be_used(program, tmp_path, lines, encoding, sentence):
    with pytest.raises(ValueError, match=sentence):
        program.train_on_table(write(tmp_path, lines, encoding), tmp_path / "model.pt", steps=2)


def test_gaps_and_constant_columns_are_no_obstacle(program, tmp_path, capsys):
    lines = [line.replace("机器", "7") for line in usual(60)]
    table = write(tmp_path, [HEADER, *lines, "1,,1,7", "1,2", "1,2,3,7,8"])
    program.train_on_table(table, tmp_path / "model.pt", steps=2)
    assert re.findall(r"line (\d+) is left out", capsys.readouterr().out) == ["62", "63", "64"]
    program.judge_table(tmp_path / "model.pt", write(tmp_path, ["sum,长,宽,name", "1,2,3,1e30"], name="new.csv"))
    told = capsys.readouterr().out
    assert "1 of 1 rows are above the threshold" in told
    assert "line 2:" in told
    assert "nan" not in told


def test_a_column_is_left_out_for_the_reason_that_is_told(program, tmp_path, capsys):
    lines = [f"{line},{'' if row % 2 else row}" for row, line in enumerate(usual(60))]
    program.train_on_table(write(tmp_path, [f"{HEADER},rare", *lines]), tmp_path / "model.pt", steps=2)
    told = capsys.readouterr().out.splitlines()
    assert "column 'name' is left out: not all of it is numbers" in told
    assert "column 'rare' is left out: half of it or more is empty" in told
    assert "learned from 48 rows, kept 12 aside" in told


def test_a_new_table_must_have_the_same_columns(program, tmp_path):
    program.train_on_table(write(tmp_path, [HEADER, *usual()]), tmp_path / "model.pt", steps=2)
    with pytest.raises(ValueError, match=r"no column of numbers .*宽"):
        program.judge_table(tmp_path / "model.pt", write(tmp_path, ["长,sum", "1,2"], name="new.csv"))


def test_nothing_is_trained_for_a_file_that_cannot_be_written(program, tmp_path):
    with pytest.raises(ValueError, match="Make it first"):
        program.train_on_table(write(tmp_path, [HEADER, *usual()]), tmp_path / "nowhere" / "model.pt")


@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_file_that_is_no_model_is_named(program, tmp_path, content):
    if content is not None:
        (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pt"):
        program.judge_table(tmp_path / "model.pt", write(tmp_path, [HEADER, *usual()]))
