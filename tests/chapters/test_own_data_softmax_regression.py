"""The program for the reader's own pictures, taken from the chapter, on the small and odd folders that people have."""

import numpy as np
import pytest
from PIL import Image

from tests.chapters import own_pictures, own_program


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return own_program.write("softmax-regression", tmp_path_factory.mktemp("program") / "pictures.py")


def draw(path, color, *, size=(20, 14), mode="RGB"):
    """Write a picture of one color with a little noise, so that no two are equal."""
    noise = np.random.default_rng(sum(path.name.encode())).integers(0, 40, (*size[::-1], 3))
    pixels = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path)


@pytest.fixture
def folder(tmp_path):
    """Two classes with Chinese names, in the formats and sizes that come together in practice."""
    for number in range(6):
        draw(tmp_path / "猫" / f"照片 {number}.png", (200, 0, 0), size=(20 + number, 14))
        draw(tmp_path / "dog" / f"{number}.JPG", (0, 0, 200))
    draw(tmp_path / "猫" / "palette.gif", (200, 0, 0), mode="P")
    draw(tmp_path / "猫" / "transparent.png", (200, 0, 0), mode="RGBA")
    return tmp_path


def test_trains_and_names_a_new_picture_in_fresh_processes(file, folder, tmp_path):
    model = tmp_path / "model.pt"
    trained = own_program.run(file, "train", folder, model)
    assert trained.returncode == 0, trained.stderr
    assert "14 pictures of 2 classes" in trained.stdout
    draw(tmp_path / "new.png", (210, 5, 5))
    named = own_program.run(file, "predict", model, tmp_path / "new.png")
    assert named.returncode == 0, named.stderr
    assert named.stdout.startswith("猫: ")


def test_the_command_line_answers_in_one_sentence(file, tmp_path):
    for arguments in ([], ["train"], ["learn", "a", "b"], ["train", tmp_path / "missing", tmp_path / "model.pt"]):
        done = own_program.answer(file, *arguments)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1


def test_every_class_has_pictures_for_validation(program, folder, tmp_path, capsys):
    for number in range(6, 30):
        draw(folder / "dog" / f"{number}.jpg", (0, 0, 200))
    program.train_on_folder(folder, tmp_path / "model.pt", epochs=1)
    assert "baseline 0.750" in capsys.readouterr().out  # 6 of 30 dogs, 2 of 8 cats


def test_files_that_are_no_pictures_of_a_class_are_left_out(program, folder):
    (folder / "dog" / "Thumbs.db").write_bytes(b"x")
    (folder / "dog" / "._0.png").write_bytes(b"x")
    (folder / "dog" / "notes.txt").write_text("x")
    (folder / ".git").mkdir()
    (folder / "readme.md").write_text("x")
    images, labels, classes = program.read_folder(folder)
    assert classes == ["dog", "猫"]
    assert images.shape == (14, 3, 32, 32)
    assert labels.bincount().tolist() == [6, 8]


def test_transparent_parts_are_white(program, tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert program.read_picture(tmp_path / "clear.png").eq(1).all()


def test_photos_are_turned_upright(program, tmp_path):
    picture = Image.new("RGB", (40, 20), "black")
    picture.paste("white", (0, 0, 20, 20))  # white on the left
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter: the left goes to the top
    picture.save(tmp_path / "phone.jpg", exif=exif)
    upright = program.read_picture(tmp_path / "phone.jpg")
    assert upright[:, :12].min() > 0.9
    assert upright[:, -12:].max() < 0.1


@pytest.mark.parametrize("spoil", own_pictures.SPOILERS)
def test_a_picture_that_cannot_be_read_is_named(program, folder, spoil):
    spoil(folder / "猫" / "照片 3.png")
    with pytest.raises(ValueError, match=r"照片 3\.png cannot be read as a picture .* Remove it"):
        program.read_folder(folder)


def test_folders_that_hold_too_little(program, tmp_path):
    with pytest.raises(ValueError, match=r"There is no folder .*missing"):
        program.read_folder(tmp_path / "missing")
    with pytest.raises(ValueError, match=r"at least 2 subfolders .* has 0"):
        program.read_folder(tmp_path)
    for number in range(4):
        draw(tmp_path / "cat" / f"{number}.png", (200, 0, 0))
    with pytest.raises(ValueError, match=r"at least 2 subfolders .* has 1"):
        program.read_folder(tmp_path)
    (tmp_path / "dog").mkdir()
    with pytest.raises(ValueError, match=r"cat has 4 pictures\. Put in at least 5"):
        program.read_folder(tmp_path)


def test_nothing_is_trained_for_a_file_that_cannot_be_written(program, folder, tmp_path):
    with pytest.raises(ValueError, match="Make it first"):
        program.train_on_folder(folder, tmp_path / "nowhere" / "model.pt")


@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_a_file_that_is_no_model_is_named(program, tmp_path, content):
    draw(tmp_path / "new.png", (200, 0, 0))
    if content is not None:
        (tmp_path / "model.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pt"):
        program.predict(tmp_path / "model.pt", tmp_path / "new.png")
