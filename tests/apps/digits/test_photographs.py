"""Photographs as they go wrong: read right, or doubted; and what is no digit is doubted."""

import numpy as np
import pytest

from apps.digits.disturbances import DISTURBANCES, NO_DIGITS, desk, photograph
from apps.digits.outcomes import outcome
from apps.digits.reference import reference_images
from apps.digits.service.doubts import UNCERTAIN, UNLIKE, Doubts
from apps.digits.service.find_ink import find_ink
from apps.digits.service.model import Model
from apps.digits.service.preprocess import averaged
from apps.digits.strokes import picture


@pytest.fixture(scope="module")
def model(model_folder):
    return Model(model_folder)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_digits_are_read_or_doubted(model, name):
    """Ten digits of each kind. With one threshold for a whole picture, uneven light leaves three of ten."""
    found = outcome(model, name)
    assert found.misread <= 1, found
    assert found.right >= 7, found


@pytest.mark.parametrize("name", NO_DIGITS)
def test_what_is_no_digit_is_doubted(model, name):
    found = outcome(model, name)
    assert found.doubted >= 9, found


def sheet(*, side=120):
    return np.full((side, side), 0.85, dtype=np.float32)


def test_paper_is_told_from_ink_by_what_is_around_it():
    """Ink in the light is lighter here than paper in the shade."""
    image = sheet()
    image[30:90, 55:65] *= 0.5
    image *= np.linspace(1, 0.4, 120, dtype=np.float32)[:, None]
    assert image[30, 60] > image[119, 5]
    ink = find_ink(image)
    assert ink.shape == pytest.approx((60, 10), abs=3)
    assert np.median(ink[5:-5, 5]) > 0.9


MARKS = {
    "a speck": (slice(5, 8), slice(5, 8)),
    "a strip at the edge": (slice(0, 120), slice(0, 14)),
    "a frame's corner": (slice(100, 120), slice(100, 120)),
}


@pytest.mark.parametrize("name", MARKS)
def test_what_is_no_part_of_the_digit_is_left_out(name):
    image = sheet()
    image[30:90, 55:65] = 0.2
    alone = find_ink(image)
    image[MARKS[name]] = 0.25
    assert np.allclose(find_ink(image), alone, atol=0.05)


def test_a_part_beside_the_main_stroke_is_kept():
    image = sheet()
    image[30:90, 55:65] = 0.2
    image[30:38, 72:90] = 0.2  # as the bar of a five that was lifted from its body
    assert find_ink(image).shape == pytest.approx((60, 35), abs=3)


def test_a_digit_that_reaches_the_edge_is_no_strip():
    """The bundled images fill their square: their digit touches the edge and is alone there."""
    image = sheet(side=28)
    image[0:28, 11:16] = 0.1
    assert find_ink(image).shape == pytest.approx((28, 5), abs=2)


def test_nothing_is_doubted_without_a_reference():
    noise = np.random.default_rng(0).random((3, 28, 28), dtype=np.float32)
    assert Doubts(None)(noise, np.full((3, 10), 0.1, dtype=np.float32)) == [[], [], []]


def test_doubts_name_their_reason():
    """Two flat classes: a third kind of image is unlike both, a low probability is no certainty."""
    dark, light = (np.full((20, 8, 8), value, dtype=np.float32) for value in (0.2, 0.8))
    near = np.concatenate([dark, light]) + np.random.default_rng(0).normal(0, 0.02, (40, 8, 8)).astype(np.float32)
    certainties = np.linspace(0.8, 1, 40, dtype=np.float32)
    reference = reference_images(near, np.repeat([0, 1], 20), held_out=near, certainties=certainties)
    sure, unsure = np.array([[0.99, 0.01]], dtype=np.float32), np.array([[0.6, 0.4]], dtype=np.float32)
    doubts = Doubts(reference)
    assert doubts(dark[:1], sure) == [[]]
    assert doubts(dark[:1], unsure) == [[UNCERTAIN]]
    assert doubts(np.eye(8, dtype=np.float32)[None], sure) == [[UNLIKE]]
    assert doubts(np.eye(8, dtype=np.float32)[None], unsure) == [[UNLIKE, UNCERTAIN]]


def test_the_reference_holds_no_single_training_image(model, digits):
    reference = set(model.card.reference.images)
    single = [np.round(15 * averaged(image, 8)).astype(int).ravel() for image in digits.train.inputs[:, 0].numpy()]
    assert len(reference) >= 150
    assert not reference & {"".join(f"{value:x}" for value in image) for image in single}


def test_real_digits_are_seldom_doubted(model, digits):
    images = digits.test.inputs[:, 0].numpy()
    doubted = [bool(doubts) for doubts in model.doubts(images, model.probabilities(images))]
    assert np.mean(doubted) < 0.05


def test_a_photograph_is_the_same_each_time():
    first, second = (photograph("3", desk, np.random.default_rng(1)) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != picture("3", side=first.width).tobytes()
