"""The model folder is complete and whole, or one sentence says what is wrong with it."""

import json

import pytest

from apps.digits import serve
from apps.digits.model_folder import CARD, MODEL, ModelCard, ModelFolderError, digest, read_folder, write_folder
from apps.digits.service.model import Model


@pytest.fixture
def copied(model_folder, tmp_path):
    for name in (MODEL, CARD):
        (tmp_path / name).write_bytes((model_folder / name).read_bytes())
    return tmp_path


def change(folder, **changes):
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | changes))


def test_the_command_writes_a_folder_that_says_how_good_it_is(model_folder):
    _, card = read_folder(model_folder)
    assert card.classes == tuple("0123456789")
    assert card.input_shape == (1, 28, 28)
    assert card.metrics["test accuracy"] >= 0.97
    assert {"torch", "onnxruntime"} <= set(card.versions)


def test_the_card_says_what_is_usual(model_folder, digits):
    _, card = read_folder(model_folder)
    images = digits.valid.inputs.numpy()
    certainty = Model(model_folder).probabilities(images[:, 0]).max(axis=1)
    for name, values in {"ink": images.mean(axis=(1, 2, 3)), "certainty": certainty}.items():
        assert card.usual[name] == pytest.approx((values.mean(), values.std(ddof=1)), abs=1e-3)


def test_what_is_written_is_read(tmp_path):
    card = ModelCard(name="x", classes=("a", "b"), input_shape=(1, 28, 28), sha256=digest(b"model"))
    write_folder(tmp_path / "new", b"model", card)
    assert read_folder(tmp_path / "new") == (b"model", card)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [CARD, MODEL]
    with pytest.raises(ValueError, match="sha256"):
        write_folder(tmp_path, b"another", card)


def test_a_missing_folder_names_the_command(tmp_path):
    with pytest.raises(ModelFolderError, match=r"holds no model.onnx and no model.json.*apps.digits.train"):
        read_folder(tmp_path / "nothing")


def test_every_flipped_byte_is_noticed(copied):
    content = bytearray((copied / MODEL).read_bytes())
    for place in (0, len(content) // 2, len(content) - 1):
        damaged = content.copy()
        damaged[place] ^= 1
        (copied / MODEL).write_bytes(damaged)
        with pytest.raises(ModelFolderError, match="SHA-256"):
            read_folder(copied)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format"),
        ({"classes": ["0"]}, "classes"),
        ({"sha256": "x"}, "sha256"),
        ({"surplus": 1}, "surplus"),
        ({"input_shape": [1, 28]}, "input_shape"),
        ({"usual": {"ink": 0.2}}, r"usual\.ink"),
        ({"reference": {"images": ["0f0"], "max_distance": 1, "min_certainty": 0.5}}, "square"),
        ({"reference": {"images": ["0f0g"], "max_distance": 1, "min_certainty": 0.5}}, r"reference\.images"),
        ({"preprocessing": {"center": "nowhere"}}, r"preprocessing\.center"),
    ],
)
def test_a_wrong_card_is_refused(copied, changes, message):
    change(copied, **changes)
    with pytest.raises(ModelFolderError, match=message):
        read_folder(copied)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": list("012345678")}, "names 9 classes"),
        ({"input_name": "pixels"}, "does not run"),
        ({"input_shape": [1, 8, 8], "preprocessing": {"size": 8}}, "does not run"),
        ({"input_shape": [3, 28, 28]}, "input_shape"),
    ],
)
def test_a_card_that_does_not_fit_the_model_is_refused(copied, changes, message):
    change(copied, **changes)
    with pytest.raises(ModelFolderError, match=message):
        Model(copied)


def test_a_model_that_is_no_onnx_is_refused(copied):
    (copied / MODEL).write_bytes(b"not a model")
    change(copied, sha256=digest(b"not a model"))
    with pytest.raises(ModelFolderError, match="ONNX Runtime cannot read"):
        Model(copied)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "nowhere"], "holds no model.onnx"),
        (["--batch-size", "0"], "expected a whole number from 1, got '0'"),
        (["--threads", "two"], "expected a whole number from 1, got 'two'"),
        (["--body-timeout", "-1"], "expected seconds"),
        (["--body-timeout", "nan"], "expected seconds"),
        (["--port", "http"], "expected a port from 0 to 65535, got 'http'"),
    ],
)
def test_serve_ends_with_one_sentence(words, message, capsys):
    with pytest.raises(SystemExit) as ended:
        serve.main([*words, "--port", "0"])
    assert ended.value.code
    assert message in f"{ended.value.code} {capsys.readouterr().err}"
