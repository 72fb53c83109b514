"""The program for the reader's own table, taken from the chapter, on the small and odd files that people have."""

import re

import numpy as np
import onnx
import pytest

from tests.chapters import own_program


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("compression", tmp_path_factory.mktemp("program") / "small_table.py")


def rows(count=60, names=("low", "high")):
    """Two numbers and the class that the first decides."""
    numbers = np.random.default_rng(0).normal(size=(count, 2))
    return [f"{a:.3f},{1000 + b:.2f},{names[int(a > 0)]}" for a, b in numbers]


def write(folder, lines, encoding="utf-8"):
    path = folder / "表.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_trains_and_predicts_in_fresh_processes_with_chinese_names(file, tmp_path):
    table = write(
        tmp_path, ["半径,总是七,纹理,诊断", *(line.replace(",", ",7,", 1) for line in rows(300, ("良性", "恶性")))]
    )
    small = tmp_path / "小模型.onnx"
    trained = own_program.run(file, "train", table, small)
    assert trained.returncode == 0, trained.stderr
    scores = re.findall(r"(float32|int8) +(\d+) kB, accuracy (\d\.\d+) on 60 rows", trained.stdout)
    (_, size_before, before), (_, size_after, after) = scores
    assert int(size_after) < 0.5 * int(size_before)
    assert min(float(before), float(after)) >= 0.9
    for row, name in (("2,7,1000", "恶性"), ("-2,7,1000", "良性")):
        predicted = own_program.run(file, "predict", small, row)
        assert predicted.returncode == 0, predicted.stderr
        assert predicted.stdout.split()[1] == name


@pytest.fixture(scope="module")
def trained(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    table = write(folder, ["a,b,answer", *rows(100, ("low", "high")), *["5,5,middle"] * 12])
    small = folder / "small.onnx"
    return program.train_on_table(table, small), small


def test_results_are_those_of_the_files(trained):
    results, small = trained
    assert list(results) == ["float32", "int8"]
    assert results["int8"][0] == small.stat().st_size / 1000
    assert b'.py", line' not in small.read_bytes()  # where the program stands would change the size


def test_the_weights_are_integers_of_seven_bits(trained):
    tensors = onnx.load(trained[1]).graph.initializer
    stored = [onnx.numpy_helper.to_array(tensor) for tensor in tensors if tensor.name.endswith("weight_quantized")]
    assert len(stored) == 3
    assert all(weight.dtype == np.int8 and np.abs(weight.astype(int)).max() == 64 for weight in stored)


def test_names_at_most_three_classes_by_probability(program, trained, capsys):
    program.predict(trained[1], "5, 5")
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
        program.predict(trained[1], row)


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    (tmp_path / "other.onnx").write_bytes(b"no model")
    for arguments in (
        [],
        ["learn", "a", "b"],
        ["train", tmp_path / "missing.csv", tmp_path / "small.onnx"],
        ["predict", tmp_path / "other.onnx", "1,2"],
        ["predict", tmp_path / "missing.onnx", "1,2"],
    ):
        done = own_program.answer(file, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1
