"""The program that trains a table with several processes, taken from the chapter, on small and odd files."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

from tests.chapters import own_program


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("scaling", tmp_path_factory.mktemp("program") / "train_table.py")


def rows(count=60, names=("low", "high")):
    """Two numbers and the class that the first decides."""
    numbers = np.random.default_rng(0).normal(size=(count, 2))
    return [f"{a:.3f},{1000 + b:.2f},{names[int(a > 0)]}" for a, b in numbers]


def write(folder, lines, encoding="utf-8"):
    path = folder / "表.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def torchrun(file, *arguments, processes=2):
    command = [sys.executable, "-X", "utf8", "-m", "torch.distributed.run", "--standalone", "--local-addr=127.0.0.1"]
    command += [f"--nproc-per-node={processes}", str(file), *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=200)


def test_two_processes_train_and_a_fresh_one_predicts_with_chinese_names(file, tmp_path):
    table = write(
        tmp_path, ["半径,总是七,纹理,诊断", *(line.replace(",", ",7,", 1) for line in rows(301, ("良性", "恶性")))]
    )
    saved = tmp_path / "模型.pt"
    trained = torchrun(file, "train", table, saved)
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout.count("accuracy") == 1  # process 0 alone prints
    ((world, accuracy),) = re.findall(r"(\d+) process\(es\), accuracy (\d\.\d+) on 60 rows", trained.stdout)
    assert world == "2"
    assert float(accuracy) >= 0.9
    assert not list(tmp_path.glob("*.new"))
    for row, name in (("2,7,1000", "恶性"), ("-2,7,1000", "良性")):
        predicted = own_program.run(file, "predict", saved, row)
        assert predicted.returncode == 0, predicted.stderr
        assert predicted.stdout.split()[1] == name


@pytest.fixture(scope="module")
def trained(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    table = write(folder, ["a,b,answer", *rows(100, ("low", "high")), *["5,5,middle"] * 12])
    saved = folder / "model.pt"
    program.train_on_table(table, saved)
    return saved


def test_one_process_needs_no_torchrun(trained):
    saved = torch.load(trained)
    assert saved["columns"] == ["a", "b"]
    assert saved["classes"] == ["high", "low", "middle"]


def test_every_row_is_judged_once(program, monkeypatch):
    network = program.new_network(2, 2)
    inputs, labels = torch.randn(11, 2), torch.randint(2, (11,))
    alone = program.judge(network, inputs, labels)
    right = []
    monkeypatch.setattr(program.dist, "all_reduce", lambda count: right.append(int(count)))
    for rank in range(3):
        monkeypatch.setattr(program, "rank_and_world", lambda rank=rank: (rank, 3))
        program.judge(network, inputs, labels)
    assert sum(right) / 11 == alone


def test_names_at_most_three_classes_by_probability(program, trained, capsys):
    program.predict(trained, "5, 5")
    lines = capsys.readouterr().out.split("\n")[:-1]
    assert lines[0].endswith(" middle")
    assert sum(float(line.split()[0]) for line in lines) == pytest.approx(1, abs=0.02)


def test_reads_the_mark_that_excel_writes_and_leaves_gaps_out(program, tmp_path, capsys):
    path = write(tmp_path, ["a,b,answer", *rows(), "1,,low", "1,2,3,low", ""], encoding="utf-8-sig")
    inputs, labels, columns, classes = program.read_table(path)
    assert inputs.shape == (60, 2)
    assert (columns, classes) == (["a", "b"], ["high", "low"])
    assert labels.tolist() == [int(value <= 0) for value in inputs[:, 0]]
    assert re.findall(r"Line (\d+) is left out", capsys.readouterr().out)[:2] == ["62", "63"]


@pytest.mark.parametrize(
    ("lines", "encoding", "sentence"),
    [
        ([], "utf-8", "needs at least two columns"),
        (["a;b;answer", "1;2;low"], "utf-8", "needs at least two columns, separated by commas"),
        (["a,b,answer", *rows(30)], "utf-8", "has 30 usable rows, and needs 40"),
        (["a,b,answer", *rows(), "1,big,low"], "utf-8", "Line 62, column 'b': 'big' is not a number"),
        (["a,b,answer", *rows(), "1,nan,low"], "utf-8", "Line 62, column 'b': 'nan' is not a number"),
        (["a,b,answer", *rows(names=("low", "low"))], "utf-8", "'answer', has 1 different values"),
        (["a,b,price", *(f"1,2,{i}" for i in range(60))], "utf-8", "'price', has 60 different values"),
        (["半径,b,诊断", *rows()], "gbk", "is no CSV text in UTF-8"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_sentence(program, tmp_path, lines, encoding, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        program.read_table(write(tmp_path, lines, encoding))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("1", "The row has 1 values, and the model reads 2: a, b."),
        ("1,low", "Column 'b': 'low' is not a number"),
        ("", "The row has 1 values"),
    ],
)
def test_a_row_that_does_not_fit_is_told(program, trained, row, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        program.predict(trained, row)


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    (tmp_path / "other.pt").write_bytes(b"no model")
    for arguments in (
        [],
        ["train", tmp_path / "missing.csv", tmp_path / "model.pt"],
        ["predict", tmp_path / "other.pt", "1,2"],
    ):
        done = own_program.run(file, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1
