"""The program that the chapter on transfer gives to readers: few pictures, odd files, a network that comes along."""

import pytest
import torch
from PIL import Image

from tests.chapters import own_program
from tests.chapters.own_pictures import BLUE, RED, folder_of, picture


@pytest.fixture(scope="module")
def source():
    return own_program.source("transfer")


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "few_pictures.py"
    path.write_text(source.replace("SIZE = 96", "SIZE = 32"), encoding="utf-8")
    return path


def test_is_plain_pytorch(source):
    imported = own_program.imported(source)
    assert not any(str(module).startswith("helpers") for module in imported)


def test_learns_from_chinese_folders_and_predicts_in_a_fresh_process(program, file, tmp_path, capsys):
    folder = folder_of(tmp_path / "照片", {"红": RED, "蓝": BLUE}, count=5)
    program.train_on_folder(folder, tmp_path / "模型.pt")
    assert "2 classes, 8 pictures, 2 more to validate" in capsys.readouterr().out
    picture(RED, size=(64, 64)).save(tmp_path / "新.png")
    answer = own_program.run(file, "predict", tmp_path / "模型.pt", tmp_path / "新.png")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0].endswith("红")


def test_the_network_is_frozen_in_evaluation_mode(program):
    network = program.load_network()
    assert not any(module.training for module in network.modules())
    pictures = torch.randint(0, 256, (3, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    together = program.picture_features(network, pictures)
    alone = program.picture_features(network, pictures[:1])
    assert together.shape == (3, 1280)
    torch.testing.assert_close(together[:1], alone, rtol=1e-3, atol=1e-4)


def test_odd_files_are_left_out_or_read(program, tmp_path, capsys):
    folder = folder_of(tmp_path / "pictures", {"red": RED, "blue": BLUE}, count=5)
    (folder / "red" / "notes.jpg").write_text("no picture")
    whole = (folder / "red" / "0.png").read_bytes()
    (folder / "red" / "cut.png").write_bytes(whole[: len(whole) // 2])
    picture(RED).convert("L").save(folder / "red" / "gray.png")
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(folder / "red" / "zz-glass.png")
    found = program.read_folder(folder)["red"]
    assert found.shape == (7, 3, 32, 32)
    assert found[-1].min() == 255
    said = capsys.readouterr().out
    assert "notes.jpg: it cannot be read" in said
    assert "cut.png: it cannot be read" in said


@pytest.mark.parametrize(
    ("classes", "count", "said"),
    [
        ({}, 5, "0 usable classes"),
        ({"red": RED}, 5, "1 usable classes"),
        ({"red": RED, "blue": BLUE}, 2, "2 pictures, fewer than 5"),
    ],
)
def test_too_little_is_answered_in_a_sentence(program, tmp_path, capsys, classes, count, said):
    folder = tmp_path / "pictures"
    folder.mkdir()
    folder_of(folder, classes, count)
    with pytest.raises(ValueError, match="usable classes") as raised:
        program.train_on_folder(folder, tmp_path / "model.pt")
    assert said in capsys.readouterr().out + str(raised.value)


def test_what_is_missing_or_no_model_is_answered_in_a_sentence(program, tmp_path):
    picture(RED).save(tmp_path / "new.png")
    (tmp_path / "model.pt").write_text("no model")
    with pytest.raises(ValueError, match="There is no folder"):
        program.train_on_folder(tmp_path / "nowhere", tmp_path / "model.pt")
    with pytest.raises(ValueError, match="There is no file"):
        program.predict(tmp_path / "nowhere.pt", tmp_path / "new.png")
    with pytest.raises(ValueError, match="is no model of this program"):
        program.predict(tmp_path / "model.pt", tmp_path / "new.png")
    with pytest.raises(ValueError, match="is no picture"):
        program.predict(tmp_path / "model.pt", tmp_path / "model.pt")


def test_a_wrong_call_ends_in_one_line(file, tmp_path):
    answer = own_program.answer(file, "train", tmp_path / "nowhere", tmp_path / "model.pt")
    assert answer.returncode == 1
    assert answer.stderr.startswith("There is no folder ")
    assert len(answer.stderr.splitlines()) == 1
