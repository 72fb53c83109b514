"""Data sets by name, and what is said of names that are not there."""

import pytest
import torch

from helpers import data
from helpers.data.sources.phantoms import phantoms


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("synthetic", 28, r"size is for images \(N, C, H, W\), but the inputs of 'synthetic' have shape \(600, 10\)"),
        ("digits", 0, "at least 1 pixel, but is 0"),
    ],
)
def test_a_size_that_cannot_be_is_refused(name, size, message):
    with pytest.raises(ValueError, match=message):
        data.load(name, size=size)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("digit", "digits"), ("MNIST", "mnist"), ("fashion_mnist", "fashion-mnist"), ("breast cancer", "breast-cancer")],
)
def test_an_unknown_name_gets_the_nearest_known_one(name, nearest):
    with pytest.raises(ValueError, match=f"no data set '{name}' here; did you mean '{nearest}'\\?"):
        data.load(name)


def test_three_parts_in_the_order_of_generation():
    splits = data.load_volumes("phantoms", seed=1, volumes=11, size=16)
    assert [len(part) for part in (splits.train, splits.valid, splits.test)] == [7, 2, 2]
    assert (splits.name, len(splits.classes), len(splits.features)) == ("phantoms", 4, 4)
    whole = phantoms(1, volumes=11, size=16)
    parts = torch.cat([splits.train.targets, splits.valid.targets, splits.test.targets])
    assert torch.equal(parts, whole.targets)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "phantom"}, "no data set 'phantom' here; did you mean 'phantoms'\\?"),
        ({"name": "mnist"}, "no data set 'mnist' here; known: 'phantoms', 'decathlon'"),
        ({"name": "Decathlon"}, "did you mean 'decathlon'"),
        ({"name": "phantoms", "volumes": 4}, "at least 5 and size at least 8, but are 4 and 32"),
        ({"name": "phantoms", "size": 7}, "but are 120 and 7"),
    ],
)
def test_what_is_not_there_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        data.load_volumes(**options)
