"""The program that the robustness chapter gives to readers: it reads odd folders, and attacks what it has learned."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from tests.chapters import own_program
from tests.chapters.own_pictures import BLUE, RED, picture


@pytest.fixture(scope="module")
def source():
    return own_program.source("robustness")


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "fragile.py"
    path.write_text(source.replace("EPOCHS = 12", "EPOCHS = 5"), encoding="utf-8")
    return path


def folder_of(path, classes, count=6):
    for name, color in classes.items():
        (path / name).mkdir(parents=True)
        for number in range(count):
            picture(color, seed=number).save(path / name / f"{number:02d}.png")
    return path


@pytest.fixture(scope="module")
def trained(program, tmp_path_factory):
    place = tmp_path_factory.mktemp("trained")
    program.train_on_folder(folder_of(place / "照片", {"红": RED, "蓝": BLUE}, count=12), place / "模型.pt")
    return place / "模型.pt"


def linear(weight):
    """Two logits of pictures of one pixel, without a bias."""
    layer = nn.Linear(3, 2, bias=False)
    layer.weight.data.copy_(torch.tensor(weight))
    return nn.Sequential(nn.Flatten(), layer)


def test_is_plain_pytorch(source):
    imported = own_program.imported(source)
    assert not any(str(module).startswith("helpers") for module in imported)


def test_names_a_picture_and_its_distance_in_a_fresh_process(file, trained, tmp_path):
    picture(RED, size=(64, 64)).save(tmp_path / "新.png")
    answer = own_program.run(file, "predict", trained, tmp_path / "新.png")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0].endswith("红")
    assert "planned change of" in answer.stdout
    assert own_program.run(file, "predict", trained, tmp_path / "新.png").stdout == answer.stdout


def test_reports_every_strength_beside_noise(program, tmp_path, capsys):
    folder = folder_of(tmp_path / "pictures", {"red": RED, "blue": BLUE}, count=10)
    program.train_on_folder(folder, tmp_path / "model.pt")
    said = capsys.readouterr().out
    assert "2 classes, 16 pictures, 4 more to validate" in said
    assert [line.split()[0] for line in said.splitlines()[-3:]] == ["0.010", "0.030", "0.100"]


@pytest.mark.parametrize("steps", [1, 10])
def test_the_attack_goes_to_the_border_of_the_box(program, steps):
    pictures = torch.tensor([0.5, 0.02, 0.5]).view(1, 3, 1, 1)
    network = linear([[1.0, 1.0, -2.0], [0.0, 0.0, 0.0]])
    moved = program.attack(network, pictures, torch.tensor([0]), 0.1, steps)
    assert torch.allclose(moved.flatten(), torch.tensor([0.4, 0.0, 0.6]))


def test_a_very_sure_answer_still_has_a_gradient(program):
    pictures = torch.full((1, 3, 1, 1), 0.5)
    moved = program.attack(linear([[20.0, 20.0, 20.0], [0.0, 0.0, 0.0]]), pictures, torch.tensor([0]), 0.1, 1)
    assert torch.allclose(moved, pictures - 0.1)


def test_noise_moves_every_pixel_by_its_size(program):
    torch.manual_seed(0)
    moved = program.with_noise(torch.full((50, 3, 4, 4), 0.5), 0.1)
    assert torch.allclose((moved - 0.5).abs(), torch.tensor(0.1))
    assert abs((moved - 0.5).mean().item()) < 0.02


def test_the_distance_is_that_of_the_formula(program):
    picture_of_one_pixel = torch.full((1, 3, 1, 1), 0.5)
    network = linear([[1.0, 1.0, 1.0], [0.95, 0.95, 0.95]])  # margin 0.075 falls by 0.15 epsilon
    assert program.distance_to_another_answer(network, picture_of_one_pixel, torch.tensor([0])) is None
    network = linear([[1.0, 0.0, -0.9], [0.0, 0.0, 0.0]])  # margin 0.05 falls by 1.9 epsilon, so at 0.0263
    found = program.distance_to_another_answer(network, picture_of_one_pixel, torch.tensor([0]))
    assert found == 8 / 255  # the first that is large enough


def test_what_is_no_picture_is_left_out(program, tmp_path, capsys):
    folder = folder_of(tmp_path / "pictures", {"red": RED, "blue": BLUE})
    (folder / "red" / "notes.jpg").write_text("no picture")
    whole = (folder / "red" / "00.png").read_bytes()
    (folder / "red" / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert len(program.read_folder(folder)["red"]) == 6
    said = capsys.readouterr().out
    assert "notes.jpg: it cannot be read" in said
    assert "cut.png: it cannot be read" in said


def test_gray_deep_and_transparent_pictures_are_read(program, tmp_path):
    values = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (32, 1))
    Image.fromarray(values).save(tmp_path / "gray.png")
    Image.fromarray(values.astype(np.uint16) * 256).save(tmp_path / "deep.png")
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    gray, deep, clear = (program.read_picture(tmp_path / f"{name}.png") for name in ("gray", "deep", "clear"))
    assert torch.equal(gray, deep)
    assert gray.shape == (3, 32, 32)
    assert torch.equal(clear, torch.ones(3, 32, 32))


@pytest.mark.parametrize(
    ("classes", "count", "said"),
    [
        ({}, 6, "0 usable classes"),
        ({"red": RED}, 6, "1 usable classes"),
        ({"red": RED, "blue": BLUE}, 2, "2 pictures, fewer than 5"),
    ],
)
def test_too_little_is_refused(program, tmp_path, capsys, classes, count, said):
    folder = tmp_path / "pictures"
    folder.mkdir()
    folder_of(folder, classes, count)
    with pytest.raises(ValueError, match="usable classes, and needs at least 2") as refused:
        program.train_on_folder(folder, tmp_path / "model.pt")
    assert said in capsys.readouterr().out + str(refused.value)


def test_a_missing_folder_is_answered_in_a_sentence(file, tmp_path):
    answer = own_program.answer(file, "train", tmp_path / "nowhere", tmp_path / "model.pt")
    assert answer.returncode == 1
    assert answer.stderr.startswith("There is no folder ")
    assert len(answer.stderr.splitlines()) == 1


def test_what_cannot_be_predicted_is_answered_in_a_sentence(program, trained, tmp_path):
    picture(RED).save(tmp_path / "new.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "text.pt").write_text("no model")
    for arguments, said in (
        ((tmp_path / "nowhere.pt", tmp_path / "new.png"), "There is no file .*nowhere.pt"),
        ((trained, tmp_path / "nowhere.png"), "There is no file .*nowhere.png"),
        ((trained, tmp_path / "text.png"), "text.png is no picture"),
        ((tmp_path / "text.pt", tmp_path / "new.png"), "text.pt is no model of this program"),
    ):
        with pytest.raises(ValueError, match=said):
            program.predict(*arguments)
