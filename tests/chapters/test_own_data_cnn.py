"""The program that the chapter on convolutional networks gives to readers: it meets the odd files of real folders."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.chapters import own_program
from tests.chapters.own_pictures import BLUE, RED, folder_of, picture


@pytest.fixture(scope="module")
def source():
    return own_program.source("cnn")


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "photos.py"
    path.write_text(source.replace("EPOCHS = 12", "EPOCHS = 5"), encoding="utf-8")
    return path


def test_is_plain_pytorch(source):
    imported = own_program.imported(source)
    assert not any(str(module).startswith("helpers") for module in imported)


def test_learns_from_chinese_folders_and_predicts_in_a_fresh_process(program, file, tmp_path):
    folder = folder_of(tmp_path / "照片", {"红": RED, "蓝": BLUE}, count=12)
    program.train_on_folder(folder, tmp_path / "模型.pt")
    picture(RED, size=(64, 64)).save(tmp_path / "新.png")
    answer = own_program.run(file, "predict", tmp_path / "模型.pt", tmp_path / "新.png")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0].endswith("红")


def test_a_text_named_like_a_picture_is_left_out(program, tmp_path, capsys):
    folder = folder_of(tmp_path / "pictures", {"red": RED, "blue": BLUE})
    (folder / "red" / "notes.jpg").write_text("no picture")
    assert len(program.read_folder(folder)["red"]) == 6
    assert "notes.jpg: it cannot be read" in capsys.readouterr().out


def test_a_picture_that_is_cut_off_is_left_out(program, tmp_path, capsys):
    folder = folder_of(tmp_path / "pictures", {"red": RED, "blue": BLUE})
    whole = (folder / "red" / "0.png").read_bytes()
    (folder / "red" / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert len(program.read_folder(folder)["red"]) == 6
    assert "cut.png: it cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("classes", "count", "said"),
    [
        ({}, 6, "0 usable classes"),
        ({"red": RED}, 6, "1 usable classes"),
        ({"red": RED, "blue": BLUE}, 2, "2 pictures, fewer than 5"),
    ],
)
def test_too_little_is_answered_in_a_sentence(file, tmp_path, classes, count, said):
    folder = tmp_path / "pictures"
    folder.mkdir()
    folder_of(folder, classes, count)
    answer = own_program.answer(file, "train", folder, tmp_path / "model.pt")
    assert answer.returncode == 1
    assert said in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


def test_missing_files_are_answered_in_a_sentence(file, tmp_path):
    for arguments in (("train", tmp_path / "nowhere", "model.pt"), ("predict", "model.pt", tmp_path / "nowhere.png")):
        answer = own_program.answer(file, *arguments)
        assert answer.returncode == 1
        assert answer.stderr.startswith("There is no ")
        assert len(answer.stderr.splitlines()) == 1


def test_a_missing_model_is_answered_in_a_sentence(file, tmp_path):
    picture(RED).save(tmp_path / "new.png")
    answer = own_program.answer(file, "predict", tmp_path / "nowhere.pt", tmp_path / "new.png")
    assert answer.returncode == 1
    assert answer.stderr.startswith("There is no ")


def test_a_file_that_is_no_model_is_answered_in_a_sentence(file, tmp_path):
    picture(RED).save(tmp_path / "new.png")
    (tmp_path / "model.pt").write_text("no model")
    answer = own_program.answer(file, "predict", tmp_path / "model.pt", tmp_path / "new.png")
    assert answer.returncode == 1
    assert answer.stderr == f"{tmp_path / 'model.pt'} is no model of this program.\n"


def test_a_text_is_no_new_picture(file, tmp_path):
    (tmp_path / "model.pt").write_text("never read")
    (tmp_path / "new.png").write_text("no picture")
    answer = own_program.answer(file, "predict", tmp_path / "model.pt", tmp_path / "new.png")
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{tmp_path / 'new.png'} is no picture")


def test_gray_and_16_bit_pictures_keep_their_brightness(program, tmp_path):
    values = np.tile(np.arange(0, 256, 8, dtype=np.uint16), (32, 1))
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "gray.png")
    Image.fromarray(values * 256).save(tmp_path / "deep.png")
    gray, deep = (program.read_picture(tmp_path / name) for name in ("gray.png", "deep.png"))
    assert gray.shape == (3, program.SIZE, program.SIZE)
    assert torch.equal(gray, deep)
    assert gray[0, 0].tolist() == values[0].tolist()


def test_transparent_pixels_become_white(program, tmp_path):
    glass = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    glass.save(tmp_path / "glass.png")
    assert program.read_picture(tmp_path / "glass.png").min() == 255


def test_a_picture_is_turned_as_the_camera_was_held(program, tmp_path):
    upright = np.zeros((32, 32, 3), np.uint8)
    upright[:16] = 255  # bright above
    turned = Image.fromarray(np.rot90(upright))  # what the sensor wrote
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter, clockwise
    turned.save(tmp_path / "turned.png", exif=exif)
    found = program.read_picture(tmp_path / "turned.png")
    assert found[:, :16].min() == 255
    assert found[:, 16:].max() == 0


def test_a_huge_picture_is_read_small(program, tmp_path):
    Image.new("L", (15_000, 14_000), 77).save(tmp_path / "huge.png")
    found = program.read_picture(tmp_path / "huge.png")
    assert found.unique().tolist() == [77]
