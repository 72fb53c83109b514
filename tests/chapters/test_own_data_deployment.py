"""The program that the deployment chapter gives to readers: one file that answers without PyTorch, and odd pictures."""

import ast
import json

import numpy as np
import onnx
import pytest
from PIL import Image

from tests.chapters import own_program
from tests.chapters.own_pictures import BLUE, RED, folder_of, picture


@pytest.fixture(scope="module")
def source():
    return own_program.source("deployment")


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "export_photos.py"
    path.write_text(source.replace("EPOCHS = 15", "EPOCHS = 8"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model(program, tmp_path_factory):
    """A model of red and blue pictures, in a folder with a Chinese name."""
    home = tmp_path_factory.mktemp("数据")
    folder = folder_of(home / "照片", {"红": RED, "蓝": BLUE}, count=12)
    program.train_and_export(folder, home / "模型.onnx")
    return home / "模型.onnx"


def test_nothing_of_this_course_and_no_torch_at_its_top(source):
    tops = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not any(word in ast.unparse(node) for node in tops for word in ("torch", "helpers", "apps"))


def test_answers_in_a_fresh_process_without_torch(file, model, tmp_path):
    picture(RED, size=(64, 64)).save(tmp_path / "新.png")
    answer = own_program.run(file, "predict", model, tmp_path / "新.png")
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0].endswith("红")
    assert lines[-1] == "torch was imported: False"


def test_the_file_says_what_a_stranger_needs(model):
    about = {entry.key: entry.value for entry in onnx.load_from_string(model.read_bytes()).metadata_props}
    assert json.loads(about["classes"]) == ["红", "蓝"]
    assert int(about["size"]) == 32
    assert about["made by"].startswith("torch")


def test_the_file_tells_nobody_where_the_program_stands(model, file):
    content = model.read_bytes()
    assert b'.py", line' not in content
    assert str(file.parent).encode() not in content


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "CMYK", "I;16"])
def test_pictures_of_every_kind_are_read(program, tmp_path, mode):
    deep = Image.fromarray(np.full((20, 30), 40_000, dtype=np.uint16))
    made = deep if mode == "I;16" else picture(RED).convert(mode)
    path = tmp_path / f"picture.{'tif' if mode in ('CMYK', 'I;16') else 'png'}"
    made.save(path)
    values = program.read_picture(path, 32)
    assert values.shape == (3, 32, 32)
    assert values.dtype == np.float32
    assert 0 <= values.min() <= values.max() <= 1


def test_what_can_be_seen_through_is_white(program, tmp_path):
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(tmp_path / "empty.png")
    assert program.read_picture(tmp_path / "empty.png", 32).min() == 1


def test_a_text_named_like_a_picture_is_left_out(program, tmp_path, capsys):
    folder = folder_of(tmp_path / "pictures", {"red": RED, "blue": BLUE})
    (folder / "red" / "notes.jpg").write_text("no picture")
    assert len(program.read_folder(folder)["red"]) == 6
    assert "notes.jpg: it cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("classes", "count", "said"),
    [
        ({}, 6, "0 usable classes"),
        ({"red": RED}, 6, "1 usable classes"),
        ({"red": RED, "blue": BLUE}, 2, "2 pictures, fewer than 5"),
    ],
)
def test_too_little_is_said_in_a_sentence(program, tmp_path, capsys, classes, count, said):
    folder = tmp_path / "pictures"
    folder.mkdir()
    folder_of(folder, classes, count)
    with pytest.raises(ValueError, match="usable classes") as error:
        program.train_and_export(folder, tmp_path / "model.onnx")
    assert said in capsys.readouterr().out + str(error.value)


def test_wrong_files_are_answered_in_a_sentence(program, model, tmp_path):
    picture(RED).save(tmp_path / "red.png")
    (tmp_path / "words.png").write_text("no picture")
    (tmp_path / "cut.onnx").write_bytes(model.read_bytes()[:1000])
    for model_file, picture_file, said in (
        (tmp_path / "none.onnx", tmp_path / "red.png", "There is no file"),
        (tmp_path / "cut.onnx", tmp_path / "red.png", "is no model of this program"),
        (model, tmp_path / "none.png", "There is no file"),
        (model, tmp_path / "words.png", "is no picture"),
    ):
        with pytest.raises(ValueError, match=said):
            program.predict(model_file, picture_file)


def test_a_command_that_does_not_exist(file):
    answer = own_program.answer(file, "serve")
    assert answer.returncode == 1
    assert answer.stderr.startswith("Use: train FOLDER MODEL_FILE")
