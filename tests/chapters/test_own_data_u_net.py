"""The program that the U-Net chapter gives to readers: it meets the odd pictures and masks of real folders."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from tests.chapters import own_program

RED, GREEN, WHITE = (200, 30, 30), (30, 160, 60), (255, 255, 255)


@pytest.fixture(scope="module")
def source():
    return own_program.source("u-net")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("u-net", tmp_path_factory.mktemp("program") / "masks.py")


def pair(rng, size=(32, 32), color=WHITE):
    """A dark picture with a red square in it, and its mask, in which the square has that color."""
    picture = rng.integers(0, 60, (size[1], size[0], 3))
    mask = np.zeros_like(picture)
    y, x = rng.integers(2, 16, 2)
    picture[y : y + 12, x : x + 12] = RED
    mask[y : y + 12, x : x + 12] = color
    return Image.fromarray(picture.astype(np.uint8)), Image.fromarray(mask.astype(np.uint8))


def folder_of(path, count=12, color=WHITE):
    rng = np.random.default_rng(0)
    for kind in ("pictures", "masks"):
        (path / kind).mkdir(parents=True)
    for number in range(count):
        picture, mask = pair(rng, color=color)
        picture.save(path / "pictures" / f"细胞{number:02d}.png")
        mask.save(path / "masks" / f"细胞{number:02d}.png")
    return path


@pytest.fixture(scope="module")
def trained(program, tmp_path_factory):
    """Return the path of a model that has learned from pictures of red squares, with green masks."""
    place = tmp_path_factory.mktemp("trained")
    model_file = place / "模型.pt"
    program.train_on_folder(folder_of(place / "照片", color=GREEN), model_file)
    return model_file


def test_is_plain_pytorch(source):
    imported = own_program.imported(source)
    assert not any(str(module).startswith("helpers") for module in imported)


def test_draws_the_mask_of_a_new_picture_in_a_fresh_process(file, trained, tmp_path):
    picture, mask = pair(np.random.default_rng(1), size=(40, 36), color=GREEN)
    picture.save(tmp_path / "新.png")
    command = [sys.executable, "-X", "utf8", str(file), "predict", str(trained), "新.png", "答.png"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert answer.returncode == 0, answer.stderr
    assert "color #1ea03c" in answer.stdout
    with Image.open(tmp_path / "答.png") as drawn:
        assert drawn.size == (40, 36)
        found = (np.asarray(drawn) == GREEN).all(axis=2)
    there = (np.asarray(mask) == GREEN).all(axis=2)
    assert 2 * (found & there).sum() / (found.sum() + there.sum()) > 0.8


def test_a_wrong_folder_is_answered_in_a_sentence_by_the_program(file, tmp_path):
    command = [sys.executable, str(file), "train", str(tmp_path / "nowhere"), "model.pt"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert answer.returncode == 1
    assert answer.stderr.startswith("There is no folder ")
    assert len(answer.stderr.splitlines()) == 1


def test_what_does_not_fit_is_left_out_with_a_sentence(program, tmp_path, capsys):
    folder = folder_of(tmp_path / "cells", count=11)
    picture, mask = pair(np.random.default_rng(2))
    picture.save(folder / "pictures" / "alone.png")
    picture.save(folder / "pictures" / "notes.png")
    (folder / "masks" / "notes.png").write_text("no picture")
    picture.save(folder / "pictures" / "small.png")
    mask.resize((16, 20)).save(folder / "masks" / "small.png")
    picture.save(folder / "pictures" / "cut.png")
    whole = (folder / "masks" / "细胞00.png").read_bytes()
    (folder / "masks" / "cut.png").write_bytes(whole[: len(whole) // 2])
    pictures, masks = program.read_pairs(folder)
    said = capsys.readouterr().out
    assert pictures.shape == (11, 3, program.SIZE, program.SIZE)
    assert masks.shape == (11, program.SIZE, program.SIZE)
    assert "alone.png: there is no mask alone" in said
    assert "notes: it or its mask is no picture" in said
    assert "small: it has 32 by 32 pixels, and its mask 16 by 20" in said
    assert "cut: it or its mask is no picture" in said


def test_too_few_pairs_are_refused(program, tmp_path):
    with pytest.raises(ValueError, match="has 4 pictures with a mask, and needs 5"):
        program.read_pairs(folder_of(tmp_path / "cells", count=4))


@pytest.mark.parametrize("missing", ["pictures", "masks"])
def test_a_missing_subfolder_is_refused(program, tmp_path, missing):
    folder_of(tmp_path / "cells", count=1)
    (tmp_path / "cells" / missing).rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=f"There is no folder .*{missing}"):
        program.read_pairs(tmp_path / "cells")


def test_masks_of_one_color_are_refused(program):
    with pytest.raises(ValueError, match="All masks have one color"):
        program.find_classes(torch.zeros(3, 8, 8, dtype=torch.int64))


def test_masks_with_the_colors_of_a_jpeg_are_refused(program, tmp_path):
    _, mask = pair(np.random.default_rng(0))
    mask.resize((64, 64), Image.Resampling.BILINEAR).save(tmp_path / "mask.jpg", quality=50)
    codes = torch.tensor(program.open_mask(tmp_path / "mask.jpg"))
    with pytest.raises(ValueError, match="save masks as PNG"):
        program.find_classes(codes)


def test_masks_in_all_formats_hold_the_same_classes(program, tmp_path):
    values = np.zeros((8, 8), np.uint8)
    values[2:5, 2:5] = 255
    gray = Image.fromarray(values)
    gray.save(tmp_path / "gray.png")
    gray.convert("1").save(tmp_path / "one bit.png")
    gray.convert("RGBA").save(tmp_path / "colored.png")
    gray.quantize(2).save(tmp_path / "palette.png")
    Image.fromarray(values.astype(np.uint16)).save(tmp_path / "deep.png")
    codes = [program.open_mask(path) for path in sorted(tmp_path.glob("*.png"))]
    assert len(codes) == 5
    assert all(np.array_equal(one, codes[0]) for one in codes)
    assert program.find_classes(torch.tensor(codes[0])) == [0, 0xFFFFFF]


def test_a_shrunk_mask_has_no_new_color(program):
    codes = np.arange(100 * 90).reshape(100, 90)
    small = program.shrink_mask(codes)
    assert small.shape == (program.SIZE, program.SIZE)
    assert np.isin(small, codes).all()
    assert small[0, 0] == codes[1, 1]  # the middle of the first square


def test_gray_and_16_bit_pictures_keep_their_brightness(program, tmp_path):
    values = np.tile(np.arange(0, 256, 8, dtype=np.uint16), (32, 1))
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "gray.png")
    Image.fromarray(values * 256).save(tmp_path / "deep.png")
    gray, deep = (program.open_picture(tmp_path / name) for name in ("gray.png", "deep.png"))
    assert gray.mode == deep.mode == "RGB"
    assert np.array_equal(np.asarray(gray), np.asarray(deep))


def test_what_cannot_be_predicted_is_answered_in_a_sentence(program, trained, tmp_path):
    picture, _ = pair(np.random.default_rng(0))
    picture.save(tmp_path / "new.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "text.pt").write_text("no model")
    mask = tmp_path / "mask.png"
    for arguments, said in (
        ((tmp_path / "nowhere.pt", tmp_path / "new.png", mask), "There is no file .*nowhere.pt"),
        ((trained, tmp_path / "nowhere.png", mask), "There is no file .*nowhere.png"),
        ((trained, tmp_path / "text.png", mask), "text.png is no picture"),
        ((tmp_path / "text.pt", tmp_path / "new.png", mask), "text.pt is no model of this program"),
        ((trained, tmp_path / "new.png", tmp_path / "mask.jpg"), "written as PNG, but its name is .*mask.jpg"),
    ):
        with pytest.raises(ValueError, match=said):
            program.predict(*arguments)
    assert not mask.exists()
