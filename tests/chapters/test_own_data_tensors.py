"""The program for the reader's own CSV file, taken from the tensors chapter, on small and odd files."""

import math

import pytest
import torch

from tests.chapters import own_program

GOOD = "半径,周长\n1,10\n2,\n3,30\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("tensors", tmp_path_factory.mktemp("program") / "table.py")


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "表.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


def written(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_saves_and_shows_in_fresh_processes(file, table, tmp_path):
    saved = own_program.run(file, "save", table, tmp_path / "table.pt")
    assert saved.returncode == 0, saved.stderr
    assert "values: (3, 2)" in saved.stdout
    assert "周长: mean 20, std 10, 1 missing" in saved.stdout
    new = written(tmp_path / "new.csv", "周长,半径\n40,2\n")
    shown = own_program.run(file, "show", tmp_path / "table.pt", new)
    assert shown.returncode == 0, shown.stderr
    assert "半径 +0.00, 周长 +2.00" in shown.stdout


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    for arguments in ([], ["save"], ["learn", "a", "b"], ["save", tmp_path / "no.csv", tmp_path / "table.pt"]):
        done = own_program.answer(file, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1


def test_columns_are_standardized_and_gaps_become_the_mean(program, table, tmp_path):
    program.save(table, tmp_path / "table.pt")
    values = torch.load(tmp_path / "table.pt", weights_only=True)["values"]
    edge = math.sqrt(1.5)
    torch.testing.assert_close(values, torch.tensor([[-edge, -1.0], [0.0, 0.0], [edge, 1.0]]))


def test_a_column_that_never_changes_becomes_zero(program, tmp_path):
    path = written(tmp_path / "t.csv", "a,b\n0.1,1\n0.1,2\n0.1,3\n")
    program.save(path, tmp_path / "table.pt")
    values = torch.load(tmp_path / "table.pt", weights_only=True)["values"]
    assert values[:, 0].abs().max() < 1e-12  # the mean of three times 0.1 is rounded


def test_large_numbers_keep_their_digits(program, tmp_path):
    path = written(tmp_path / "t.csv", "time\n1700000001\n1700000002\n1700000003\n")
    program.save(path, tmp_path / "table.pt")
    values = torch.load(tmp_path / "table.pt", weights_only=True)["values"]
    assert values[2, 0].item() == pytest.approx(math.sqrt(1.5), abs=1e-3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_that_spreadsheets_write(program, tmp_path, encoding):
    names, values = program.read_table(written(tmp_path / "t.csv", GOOD, encoding))
    assert names == ["半径", "周长"]
    assert values.shape == (3, 2)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separators_and_ends_of_lines(program, tmp_path, separator, line_end):
    text = GOOD.replace(",", separator).replace("\n", line_end) + line_end  # and an empty line
    _, values = program.read_table(written(tmp_path / "t.csv", text))
    assert values[:, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize("cell", ["", " ", "NA", "NaN", "null", "?"])
def test_missing_numbers(program, tmp_path, cell):
    _, values = program.read_table(written(tmp_path / "t.csv", f"a,b\n{cell},1\n2,3\n"))
    assert values.isnan().tolist() == [[True, False], [False, False]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("a,b\n", "no rows of numbers"),
        ("a,a\n1,2\n", "each one different"),
        ("a,\n1,2\n", "a name for each column"),
        ("a,b\n1,2\n1,很多\n", r"Line 3 .* has '很多' in column 'b'\. Write a number"),
        ("a;b\n1;2,5\n", r"has '2,5' in column 'b'"),
        ("a,b\n1,inf\n", r"has 'inf' in column 'b'"),
        ("a,b\n1,2,3\n", "has 3 cells, but there are 2 columns"),
    ],
)
def test_odd_tables_are_answered_in_a_sentence(program, tmp_path, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        program.read_table(written(tmp_path / "t.csv", text))


def test_files_that_are_no_text(program, tmp_path):
    with pytest.raises(ValueError, match="There is no file"):
        program.read_table(tmp_path / "missing.csv")
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04\0\0\0\xff")
    with pytest.raises(ValueError, match="Save your table as CSV"):
        program.read_table(tmp_path / "t.xlsx")
    (tmp_path / "t.csv").write_bytes(b"a,b\n\xff\xff\xff,1\n")
    with pytest.raises(ValueError, match="is not UTF-8"):
        program.read_table(tmp_path / "t.csv")


def test_an_empty_column_and_a_missing_folder(program, table, tmp_path):
    with pytest.raises(ValueError, match=r"'b' .* has no numbers at all"):
        program.save(written(tmp_path / "t.csv", "a,b\n1,\n2,NA\n"), tmp_path / "table.pt")
    with pytest.raises(ValueError, match="Make it first"):
        program.save(table, tmp_path / "nowhere" / "table.pt")


def test_new_rows_that_do_not_fit(program, table, tmp_path):
    program.save(table, tmp_path / "table.pt")
    with pytest.raises(ValueError, match="lacks the columns 周长"):
        program.show(tmp_path / "table.pt", written(tmp_path / "new.csv", "半径\n1\n"))
    with pytest.raises(ValueError, match="was not written by this program"):
        program.show(tmp_path / "missing.pt", table)
    with pytest.raises(ValueError, match="was not written by this program"):
        program.show(table, table)
