"""The program that continues a text of one's own, from the language-models chapter, on small and odd files."""

import pytest
import torch

from tests.chapters import own_program

POEM = "床前明月光，疑是地上霜。举头望明月，低头思故乡。\n"
VERSE = "The rain in Spain stays mainly in the plain.\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("language-models", tmp_path_factory.mktemp("program") / "continue_it.py")


def write(folder, text, encoding="utf-8", name="诗.txt"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_trains_and_continues_in_fresh_processes(file, tmp_path):
    poems = write(tmp_path, POEM * 80, encoding="utf-8-sig")  # with the mark that some editors write
    trained = own_program.run(file, "train", poems, tmp_path / "model.pt")
    assert trained.returncode == 0, trained.stderr
    assert f"{80 * len(POEM)} letters, {len(set(POEM))} different ones" in trained.stdout
    written = own_program.run(file, "continue", tmp_path / "model.pt", "床前明月")
    assert written.returncode == 0, written.stderr
    assert written.stdout.startswith("床前明月光，疑是地上霜。")


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    done = own_program.answer(file, "train", tmp_path / "missing.txt", tmp_path / "model.pt")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines() == [f"There is no file {tmp_path / 'missing.txt'}. Check the path."]


@pytest.mark.parametrize(
    ("text", "encoding", "sentence"),
    [
        ("", "utf-8", "has 0 letters, and needs 1280"),
        (VERSE, "utf-8", f"has {len(VERSE)} letters, and needs 1280"),
        (POEM * 80, "gb18030", "not text in UTF-8"),
        (POEM * 80, "utf-16", "not text in UTF-8"),
    ],
)
def test_files_that_cannot_be_used(program, tmp_path, text, encoding, sentence):
    with pytest.raises(ValueError, match=sentence):
        program.read_text(write(tmp_path, text, encoding))


def test_nothing_is_trained_for_a_file_that_cannot_be_written(program, tmp_path):
    with pytest.raises(ValueError, match="Make it first"):
        program.train_on_text(write(tmp_path, VERSE * 40), tmp_path / "nowhere" / "model.pt")


def test_the_shortest_text_trains(program, tmp_path, capsys):
    program.train_on_text(write(tmp_path, (VERSE * 30)[:1280]), tmp_path / "model.pt", steps=2)
    assert "1280 letters" in capsys.readouterr().out
    program.continue_text(tmp_path / "model.pt", f"Ω is unknown. {VERSE * 3}")
    assert capsys.readouterr().out.startswith("Ω is unknown")  # letters that the text does not have are no obstacle


def test_no_letter_sees_those_behind_it(program):
    torch.manual_seed(0)
    model = program.new_model(9).eval()
    letters = torch.randint(1, 9, (1, 12))
    changed = letters.clone()
    changed[0, 7] = letters[0, 7] % 8 + 1
    with torch.no_grad():
        differ = (program.next_logits(model, letters) != program.next_logits(model, changed)).any(dim=2)[0]
    assert differ.tolist() == [False] * 7 + [True] * 5


def test_a_beginning_is_needed(program, tmp_path):
    program.train_on_text(write(tmp_path, VERSE * 40), tmp_path / "model.pt", steps=2)
    with pytest.raises(ValueError, match="beginning of a text"):
        program.continue_text(tmp_path / "model.pt", "")


@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_file_that_is_no_model_is_named(program, tmp_path, content):
    if content is not None:
        (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pt"):
        program.continue_text(tmp_path / "model.pt", "The")
