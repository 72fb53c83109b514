"""The program that draws pictures like the reader's own, taken from the chapter, on small and odd folders."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.chapters import own_pictures, own_program


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("generative", tmp_path_factory.mktemp("program") / "pictures.py")


@pytest.fixture
def folder(tmp_path):
    """Two subfolders with Chinese and other names, in the formats that come together in practice."""
    path = own_pictures.folder_of(tmp_path / "图片", {"红": own_pictures.RED, "blue": own_pictures.BLUE}, count=12)
    own_pictures.picture(own_pictures.RED, size=(17, 60)).convert("P").save(path / "palette.gif")
    own_pictures.picture(own_pictures.RED).convert("RGBA").save(path / "clear.PNG")
    (path / "notes.txt").write_text("x")
    (path / "._0.png").write_bytes(b"x")
    return path


def test_trains_and_draws_in_fresh_processes(file, folder, tmp_path):
    trained = own_program.run(file, "train", folder, tmp_path / "model.pt")
    assert trained.returncode == 0, trained.stderr
    assert "26 pictures" in trained.stdout
    drawn = own_program.run(file, "draw", tmp_path / "model.pt", tmp_path / "新.png")
    assert drawn.returncode == 0, drawn.stderr
    sheet = np.array(Image.open(tmp_path / "新.png"))
    assert sheet.shape == (144, 576)
    real = (127.5 * (own_program.load(file).read_folder(folder) + 1)).numpy()
    assert abs(sheet.mean() - real.mean()) < 20


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    for arguments in ([], ["train"], ["learn", "a", "b"], ["train", tmp_path / "missing", tmp_path / "model.pt"]):
        done = own_program.answer(file, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1


def test_pictures_that_are_all_alike_divide_by_no_zero(program, tmp_path):
    for number in range(20):
        Image.new("L", (16, 16), 100).save(tmp_path / f"{number}.png")
    program.train_on_folder(tmp_path, tmp_path / "model.pt", steps=3)
    saved = torch.load(tmp_path / "model.pt", weights_only=True)
    assert all(weight.isfinite().all() for weight in saved["weights"].values())


def test_transparent_parts_are_white(program, tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert program.read_picture(tmp_path / "clear.png").eq(1).all()


@pytest.mark.parametrize("spoil", own_pictures.SPOILERS)
def test_a_picture_that_cannot_be_read_is_named(program, folder, spoil):
    spoil(folder / "红" / "3.png")
    with pytest.raises(ValueError, match=r"3\.png cannot be read as a picture .* Remove it"):
        program.read_folder(folder)


def test_folders_that_hold_too_little(program, tmp_path):
    with pytest.raises(ValueError, match=r"There is no folder .*missing"):
        program.read_folder(tmp_path / "missing")
    own_pictures.picture(own_pictures.RED).save(tmp_path / "0.png")
    with pytest.raises(ValueError, match=r"has 1 pictures\. Put in at least 20"):
        program.read_folder(tmp_path)


def test_nothing_is_trained_for_a_file_that_cannot_be_written(program, folder, tmp_path):
    with pytest.raises(ValueError, match="Make it first"):
        program.train_on_folder(folder, tmp_path / "nowhere" / "model.pt")


@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_file_that_is_no_model_is_named(program, tmp_path, content):
    if content is not None:
        (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pt"):
        program.draw_new(tmp_path / "model.pt", tmp_path / "new.png")


def test_a_picture_that_cannot_be_written_is_named(program, folder, tmp_path):
    program.train_on_folder(folder, tmp_path / "model.pt", steps=1)
    with pytest.raises(ValueError, match="cannot be written"):
        program.draw_new(tmp_path / "model.pt", tmp_path / "nowhere" / "new.png")
