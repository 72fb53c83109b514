"""Pictures become what the model was trained on, wherever and however large the digit is drawn."""

import numpy as np
import pytest
from PIL import Image

from apps.digits.model_folder import Preprocessing
from apps.digits.service.model import Model
from apps.digits.service.preprocess import enlarged, prepare
from apps.digits.service.refusals import RefusedError
from apps.digits.strokes import STROKES, picture
from helpers import data

HOW = Preprocessing()


def as_array(image):
    return np.asarray(image, dtype=np.float32) / 255


def read(model, images):
    best = model.probabilities(np.stack([prepare(as_array(image), HOW) for image in images])).argmax(axis=1)
    return [model.card.classes[index] for index in best]


@pytest.fixture(scope="module")
def model(model_folder):
    return Model(model_folder)


def test_enlarges_as_the_training_data_was(digits):
    small = data.load("digits").test.inputs[:50, 0].numpy()
    for image, expected in zip(small, digits.test.inputs[:50, 0].numpy(), strict=True):
        assert np.allclose(enlarged(image, 28), expected, atol=1e-5)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"pen": 0.03},
        {"pen": 0.12},
        {"scale": 0.4},
        {"scale": 0.5, "shift": (0.2, -0.2)},
        {"side": 28, "pen": 0.1},
        {"side": 500},
    ],
    ids=str,
)
def test_drawn_digits_are_recognised(model, how):
    """Ten digits, thick and thin, large and small, in the middle and in a corner: at most one may be misread."""
    names = list(STROKES)
    found = read(model, [picture(name, **how) for name in names])
    assert sum(one == other for one, other in zip(found, names, strict=True)) >= 9, found


def test_looks_like_the_training_data(digits):
    """Mean ink, its place and its spread agree with the training images' own."""
    drawn = np.stack([prepare(as_array(picture(name)), HOW) for name in STROKES])
    real = digits.train.inputs[:, 0].numpy()
    assert drawn.mean() == pytest.approx(real.mean(), rel=0.1)
    rows, columns = np.mgrid[:28, :28]
    for axis in (rows, columns):
        assert np.average(axis, weights=drawn.mean(0)) == pytest.approx(np.average(axis, weights=real.mean(0)), abs=0.7)
    assert drawn.max(axis=(1, 2)).min() > 0.8
    assert all(image[0].max() > 0.3 and image[-1].max() > 0.3 for image in drawn)  # as high as the image


def test_shift_scale_and_polarity_change_nothing():
    base = prepare(as_array(picture("3", side=224)), HOW)
    for other in (
        picture("3", side=224, shift=(0.0, 0.04)),
        picture("3", side=448),
        picture("3", side=224, scale=1.05),
    ):
        assert np.abs(prepare(as_array(other), HOW) - base).mean() < 0.03
    light = 1 - as_array(picture("3", side=224))
    assert np.array_equal(prepare(light, HOW), base)
    assert np.allclose(prepare(0.3 + 0.4 * light, HOW), base, atol=0.02)  # pale ink on gray paper


@pytest.mark.parametrize("side", [4, 28, 300])
@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_blank_pictures_are_refused(side, value):
    with pytest.raises(RefusedError, match="blank") as caught:
        prepare(np.full((side, side), value, dtype=np.float32), HOW)
    assert caught.value.status == 422


def test_any_picture_gives_a_finite_input():
    generator = np.random.default_rng(0)
    for trial in range(60):
        height, width = generator.integers(4, 90, 2)
        image = np.ones((height, width), dtype=np.float32)
        for _ in range(trial % 4 + 1):  # single points, dashes, bars along the border
            top, left = generator.integers(0, height), generator.integers(0, width)
            image[top : top + generator.integers(1, height + 1), left : left + generator.integers(1, width + 1)] = 0
        if image.min() == image.max():
            continue
        for how in (HOW, Preprocessing(canvas=28, height=20, width=20, grid=28, ink=None)):
            try:
                ready = prepare(image, how)
            except RefusedError:
                continue  # ink that fills the picture is paper
            assert ready.shape == (28, 28)
            assert np.isfinite(ready).all()
            assert 0 <= ready.min() <= ready.max() <= 1.0001


@pytest.mark.parametrize("height", [1, 2, 5, 20, 60])
@pytest.mark.parametrize("width", [1, 2, 5, 20, 60])
def test_dots_dashes_and_bars_do_not_vanish(height, width):
    """What is there after the first stroke of a drawing."""
    image = np.ones((64, 64), dtype=np.float32)
    image[2 : 2 + height, 2 : 2 + width] = 0
    ready = prepare(image, HOW)
    assert np.isfinite(ready).all()
    assert ready.max() > 0.2


def test_centers_the_mass():
    how = Preprocessing(canvas=28, height=20, width=20, grid=28, ink=None)
    image = as_array(Image.new("L", (60, 60), 255)).copy()
    image[10:40, 10:14] = 0
    image[36:40, 10:30] = 0  # an L: its mass lies low and to the left
    ready = prepare(image, how)
    rows, columns = np.mgrid[:28, :28]
    assert np.average(rows, weights=ready) == pytest.approx(13.5, abs=0.6)
    assert np.average(columns, weights=ready) == pytest.approx(13.5, abs=0.6)
