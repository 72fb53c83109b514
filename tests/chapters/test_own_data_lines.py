"""The programs for labeled lines of one's own, from two chapters, on the small and odd files that people have."""

import pytest

from tests.chapters import own_program
from tests.chapters.own_lines import PRAISE, chinese, write


@pytest.fixture(scope="module", params=["attention", "rnn"])
def file(request, tmp_path_factory):
    return own_program.write(request.param, tmp_path_factory.mktemp("program") / "lines.py")


def test_trains_and_names_a_new_text_in_fresh_processes(file, tmp_path):
    lines = write(tmp_path, chinese() * 2, encoding="utf-8-sig")  # with the mark that Excel writes
    trained = own_program.run(file, "train", lines, tmp_path / "model.pt")
    assert trained.returncode == 0, trained.stderr
    assert "12 texts of 2 classes" in trained.stdout  # each text once
    named = own_program.run(file, "predict", tmp_path / "model.pt", "很好，很满意")
    assert named.returncode == 0, named.stderr
    assert {line.partition(":")[0] for line in named.stdout.splitlines()} == {"好评", "差评"}


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    done = own_program.answer(file, "train", tmp_path / "missing.csv", tmp_path / "model.pt")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [f"There is no file {tmp_path / 'missing.csv'}. Check the path."]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't PANIC: 3 x_y.", "don ' t panic : 3 x_y ."),
        ("我今天很高兴", "我 今 天 很 高 兴"),
        ("用PyTorch训练，３次", "用 pytorch 训 练 , 3 次"),  # full-width signs become plain
        ("カメラは良い", "カ メ ラ は 良 い"),
        ("𠮷野家", "𠮷 野 家"),  # a character beyond the first 65,536
        ("아주 좋아요 für café", "아주 좋아요 für café"),
        (" \t", ""),
    ],
)
def test_tokens(program, text, tokens):
    assert program.tokenize_text(text) == tokens.split()


def test_learns_which_words_decide(program, tmp_path, capsys):
    lines = [f"{label},this is {word} thing {i}" for i in range(30) for label, word in (("a", "good"), ("b", "bad"))]
    program.train_on_lines(write(tmp_path, lines), tmp_path / "model.pt")
    assert "validation accuracy 1.000, baseline 0.500" in capsys.readouterr().out
    program.predict(tmp_path / "model.pt", "a bad thing")
    assert capsys.readouterr().out.startswith("b: ")


def test_commas_quotes_and_tabs(program, tmp_path):
    quoted = ['a,"One, ""two"""', "a,three, four", *chinese()]
    assert program.read_rows(write(tmp_path, quoted))[:2] == [[1, "a", 'One, "two"'], [2, "a", "three, four"]]
    tabs = program.read_rows(write(tmp_path, chinese("\t"), name="lines.tsv"))
    assert tabs[0] == [1, "好评", PRAISE[0]]


def test_what_is_left_out_is_told(program, tmp_path, capsys):
    lines = ["label,text", *chinese(), "", "no comma", ",no label", "好评,"]
    texts_of = program.read_lines(write(tmp_path, lines))
    assert {label: len(texts) for label, texts in texts_of.items()} == {"好评": 6, "差评": 6}
    out = capsys.readouterr().out
    assert "Left out 4 lines without label or text: [14, 15, 16, 17]" in out
    assert "Left out the label 'label': it has fewer than 5 texts." in out


@pytest.mark.parametrize(
    ("lines", "encoding", "sentence"),
    [
        ([], "utf-8", "0 labels with at least 5 different texts"),
        (chinese()[:6], "utf-8", "1 labels with at least 5 different texts"),
        (
            [f"{text},好评" for text in PRAISE],
            "utf-8",
            "0 labels .* Each line is a label",
        ),
        (chinese(), "gb18030", "not text in UTF-8"),
        (chinese(), "utf-16", "not text in UTF-8"),
        ([*chinese(), '好评,"never closed'], "utf-8", "line 13: .* quotation marks"),
    ],
)
def test_files_that_cannot_be_used(program, tmp_path, lines, encoding, sentence):
    with pytest.raises(ValueError, match=sentence):
        program.read_lines(write(tmp_path, lines, encoding))


def test_nothing_is_trained_for_a_file_that_cannot_be_written(program, tmp_path):
    with pytest.raises(ValueError, match="Make it first"):
        program.train_on_lines(write(tmp_path, chinese()), tmp_path / "nowhere" / "model.pt")


@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_file_that_is_no_model_is_named(program, tmp_path, content):
    if content is not None:
        (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pt"):
        program.predict(tmp_path / "model.pt", "很好")


def test_a_text_without_words(program, tmp_path):
    program.train_on_lines(write(tmp_path, chinese()), tmp_path / "model.pt")
    with pytest.raises(ValueError, match="The text has no word"):
        program.predict(tmp_path / "model.pt", "  ")
