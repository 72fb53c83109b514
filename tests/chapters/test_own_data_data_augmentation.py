"""The program that the chapter on data augmentation gives to readers: it meets the odd files of real folders."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.chapters import own_program
from tests.chapters.own_pictures import BLUE, RED, folder_of, picture


@pytest.fixture(scope="module")
def source():
    return own_program.source("data-augmentation")


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "augment.py"
    path.write_text(source.replace("EPOCHS = 16", "EPOCHS = 5"), encoding="utf-8")
    return path


def test_is_plain_pytorch(source):
    imported = own_program.imported(source)
    assert not any(str(module).startswith("helpers") for module in imported)
    assert "torchvision.transforms" in imported


def test_learns_from_chinese_folders_and_predicts_in_a_fresh_process(program, file, tmp_path, capsys):
    folder = folder_of(tmp_path / "照片", {"红": RED, "蓝": BLUE}, count=12)
    program.train_on_folder(folder, tmp_path / "模型.pt")
    said = capsys.readouterr().out
    assert "2 classes, 20 pictures, 4 more to validate" in said
    assert "without augmentation" in said
    assert "with augmentation" in said
    picture(RED, size=(64, 64)).save(tmp_path / "新.png")
    answer = own_program.run(file, "predict", tmp_path / "模型.pt", tmp_path / "新.png")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0].endswith("红")


def test_each_picture_has_a_change_of_its_own_and_keeps_shape_and_type(program):
    torch.manual_seed(0)
    change = program.new_change()
    values = np.random.default_rng(0).integers(0, 256, (3, program.SIZE, program.SIZE))
    one = torch.tensor(values, dtype=torch.uint8)
    changed = torch.stack([change(one) for _ in range(6)])
    assert changed.shape == (6, 3, program.SIZE, program.SIZE)
    assert changed.dtype == torch.uint8
    assert len(changed.flatten(1).unique(dim=0)) == 6


def test_odd_formats_are_read(program, tmp_path):
    red = picture(RED, noise=0)
    red.convert("L").save(tmp_path / "gray.png")
    red.convert("CMYK").save(tmp_path / "cmyk.jpg")
    red.quantize(4).save(tmp_path / "palette.gif")
    red.convert("1").save(tmp_path / "one bit.png")
    Image.fromarray(np.full((20, 30), 40_000, np.uint16)).save(tmp_path / "deep.png")
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(tmp_path / "transparent.png")
    for path in tmp_path.iterdir():
        read = program.read_picture(path)
        assert read.shape == (3, program.SIZE, program.SIZE), path
        assert read.dtype == torch.uint8
    assert program.read_picture(tmp_path / "transparent.png").min() == 255  # on white
    assert program.read_picture(tmp_path / "deep.png").float().mean() == pytest.approx(156, abs=1)


def test_a_turned_photograph_stands_upright(program, tmp_path):
    sideways = Image.new("RGB", (40, 40), BLUE)
    sideways.paste(RED, (0, 0, 20, 40))  # red on the left
    tags = sideways.getexif()
    tags[0x0112] = 6  # the camera was turned: show it turned to the right
    sideways.save(tmp_path / "turned.png", exif=tags)
    read = program.read_picture(tmp_path / "turned.png")
    assert read[0, 4, :].float().mean() > 150  # the upper part is red
    assert read[2, -4, :].float().mean() > 150


def test_a_huge_picture_is_read_small(program, tmp_path):
    Image.new("L", (15_000, 14_000), 77).save(tmp_path / "huge.png")
    assert program.read_picture(tmp_path / "huge.png").unique().tolist() == [77]


@pytest.mark.parametrize("kind", ["text", "cut"])
def test_what_is_no_picture_is_left_out(program, tmp_path, capsys, kind):
    folder = folder_of(tmp_path / "pictures", {"red": RED, "blue": BLUE})
    whole = (folder / "red" / "0.png").read_bytes()
    content = b"no picture" if kind == "text" else whole[: len(whole) // 2]
    (folder / "red" / "odd.png").write_bytes(content)
    (folder / "red" / ".hidden").write_text("skipped")
    (folder / "notes.txt").write_text("skipped")
    assert len(program.read_folder(folder)["red"]) == 6
    said = capsys.readouterr().out
    assert "odd.png: it cannot be read" in said
    assert ".hidden" not in said


@pytest.mark.parametrize(
    ("classes", "count", "said"),
    [({}, 6, "0 usable classes"), ({"red": RED}, 6, "1 usable classes"), ({"red": RED, "blue": BLUE}, 2, "0 usable")],
)
def test_too_little_is_refused(program, tmp_path, classes, count, said):
    with pytest.raises(ValueError, match=said):
        program.read_folder(folder_of(tmp_path / "pictures", classes, count))


def test_what_cannot_be_predicted_is_answered_in_a_sentence(program, file, tmp_path):
    picture(RED).save(tmp_path / "new.png")
    (tmp_path / "text.pt").write_text("no model")
    (tmp_path / "text.png").write_text("no picture")
    for arguments, said in (
        ((tmp_path / "nowhere.pt", tmp_path / "new.png"), "There is no file .*nowhere.pt"),
        ((tmp_path / "text.pt", tmp_path / "text.png"), "text.png is no picture"),
        ((tmp_path / "text.pt", tmp_path / "new.png"), "text.pt is no model of this program"),
    ):
        with pytest.raises(ValueError, match=said):
            program.predict(*arguments)
    answer = own_program.answer(file, "train", tmp_path / "nowhere", tmp_path / "model.pt")
    assert answer.returncode == 1
    assert answer.stderr.startswith("There is no folder ")
    assert len(answer.stderr.splitlines()) == 1
