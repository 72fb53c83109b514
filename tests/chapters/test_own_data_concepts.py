"""The program for the reader's own CSV file, taken from the concepts chapter, on small and odd files."""

import pytest
import torch

from tests.chapters import own_program


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("concepts", tmp_path_factory.mktemp("program") / "table.py")


def rows_of(count=20):
    """Numbers and words that tell the class apart, with a column that does not."""
    lines = []
    for number in range(count):
        lines.append(f"{number % 3},{1 + number / 100},红,良性")
        lines.append(f"{number % 3},{5 + number / 100},蓝,恶性")
    return lines


def written(path, lines, encoding="utf-8"):
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


@pytest.fixture
def table(tmp_path):
    return written(tmp_path / "表.csv", ["随机,半径,颜色,诊断", *rows_of()])


def test_trains_and_predicts_in_fresh_processes(file, table, tmp_path):
    trained = own_program.run(file, "train", table, tmp_path / "model.pt")
    assert trained.returncode == 0, trained.stderr
    assert "40 rows, 4 inputs, classes: 恶性, 良性" in trained.stdout
    assert "validation accuracy 1.000, baseline 0.500" in trained.stdout
    new = written(tmp_path / "new.csv", ["颜色,半径,随机", "红,1.1,0", "蓝,5.1,", "绿,?,1"])
    predicted = own_program.run(file, "predict", tmp_path / "model.pt", new)
    assert predicted.returncode == 0, predicted.stderr
    lines = predicted.stdout.splitlines()
    assert lines[0].startswith("row 1: 良性")
    assert lines[1].startswith("row 2: 恶性")
    assert lines[2].startswith("row 3: ")  # an unknown word and a missing number


def test_another_column_can_be_the_target(file, table, tmp_path):
    trained = own_program.answer(file, "train", table, tmp_path / "model.pt", "颜色")
    assert trained.returncode == 0, trained.stderr
    assert "classes: 红, 蓝" in trained.stdout


def test_the_command_line_answers_in_one_sentence(file, table, tmp_path):
    model = tmp_path / "model.pt"
    for arguments in (
        [],
        ["train", table],
        ["learn", table, model],
        ["predict", model, table, "诊断"],
        ["train", tmp_path / "no.csv", model],
        ["train", table, model, "病人"],
    ):
        done = own_program.answer(file, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1


def test_preparation_is_learned_from_the_training_rows_alone(program, table, tmp_path):
    program.train_on_table(table, tmp_path / "model.pt", epochs=1)
    columns = torch.load(tmp_path / "model.pt", weights_only=True)["columns"]
    names, rows = program.read_rows(table)
    rows, classes, labels = program.read_target(table, names, rows, "诊断")
    is_valid = program.split_rows(labels, classes)
    assert is_valid.sum() == 8
    known = [float(row[1]) for row, held_out in zip(rows, is_valid, strict=True) if not held_out]
    assert columns[1]["mean"] == pytest.approx(sum(known) / len(known))


def test_encoding_of_numbers_words_and_gaps(program):
    columns = [{"name": "a", "mean": 2.0, "std": 0.5}, {"name": "b", "words": ["x", "y"]}]
    rows = [["y", "3"], ["x", ""], ["z", "2"]]
    expected = [[2, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert program.encode(columns, ["b", "a"], rows).tolist() == expected


def test_a_column_that_never_changes(program):
    assert program.learn_column("a", ["0.1", "0.1", "0.1"])["std"] == 1.0


def test_large_numbers_that_differ_by_little(program):
    column = program.learn_column("time", ["1700000001", "1700000002", "1700000003"])
    assert column["std"] == pytest.approx((2 / 3) ** 0.5)


def test_rows_without_a_target_are_left_out(program, tmp_path, capsys):
    table = written(tmp_path / "t.csv", ["随机,半径,颜色,诊断", *rows_of(), "1,2,红,", "1,2,红,NA"])
    program.train_on_table(table, tmp_path / "model.pt", epochs=1)
    assert capsys.readouterr().out.startswith("40 rows")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(program, tmp_path, encoding, separator):
    lines = [line.replace(",", separator) for line in ["半径,诊断", "1,良性", "2,恶性"]]
    names, rows = program.read_rows(written(tmp_path / "t.csv", lines, encoding))
    assert names == ["半径", "诊断"]
    assert rows == [["1", "良性"], ["2", "恶性"]]


def test_a_comma_or_the_end_of_a_line_inside_quotes(program, tmp_path):
    _, rows = program.read_rows(written(tmp_path / "t.csv", ["a,b", '"x, y","two', 'lines"']))
    assert rows == [["x, y", "two\nlines"]]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([""], "is empty"),
        (["a,b"], "no rows below"),
        (["a,a", "1,2"], "each one different"),
        (["a,b", "1"], "has 1 cells, but there are 2 columns"),
        (["a", "x", "y"], "a column beside the one to predict"),
        (["a,b", *(f"{number},same" for number in range(9))], "has 1 different values"),
        (["a,b", *(f"1,{number}" for number in range(99))], "has 99 different values"),
        (["a,b", *["1,x"] * 9, "2,rare"], r"'rare' has 1 rows\. It needs at least 5"),
        (["a,b", *["1,x", "2,y"] * 9, *["很多,x", "很多,y"] * 3], "'a' holds numbers, but also '很多'"),
        (["a,b", *["inf,x", "2,y", "3,y", "1,x"] * 5], "'a' holds numbers, but also 'inf'"),
        (["a,b", *(f"name {number},{number % 2}" for number in range(99))], "'a' has .* different texts"),
        (["a,b,c", *[",1,x", ",2,y"] * 9], "'a' is empty in the training rows"),
    ],
)
def test_odd_tables_are_answered_in_a_sentence(program, tmp_path, lines, sentence):
    with pytest.raises(ValueError, match=sentence):
        program.train_on_table(written(tmp_path / "t.csv", lines), tmp_path / "model.pt", epochs=1)


def test_a_text_among_numbers_is_found_in_a_validation_row_too(program):
    with pytest.raises(ValueError, match="'a' holds numbers, but also '很多'"):
        program.encode([{"name": "a", "mean": 0.0, "std": 1.0}], ["a"], [["1"], ["很多"]])


def test_files_that_are_no_text_and_a_missing_folder(program, table, tmp_path):
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04\0\0\0\xff")
    with pytest.raises(ValueError, match="Save your table as CSV"):
        program.read_rows(tmp_path / "t.xlsx")
    (tmp_path / "t.csv").write_bytes(b"a,b\n\xff\xff\xff,1\n")
    with pytest.raises(ValueError, match="is not UTF-8"):
        program.read_rows(tmp_path / "t.csv")
    with pytest.raises(ValueError, match="Make it first"):
        program.train_on_table(table, tmp_path / "nowhere" / "model.pt")


def test_predictions_that_cannot_be_made(program, table, tmp_path):
    program.train_on_table(table, tmp_path / "model.pt", epochs=1)
    with pytest.raises(ValueError, match="lacks the columns 颜色"):
        program.predict(tmp_path / "model.pt", written(tmp_path / "new.csv", ["随机,半径", "1,2"]))
    with pytest.raises(ValueError, match="is not a model of this program"):
        program.predict(table, table)
    with pytest.raises(ValueError, match="is not a model of this program"):
        program.predict(tmp_path / "missing.pt", table)
