import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import datasets

from helpers import data


def whole(splits, attribute):
    return torch.cat([getattr(part, attribute) for part in (splits.train, splits.valid, splits.test)])


@pytest.mark.parametrize(
    ("name", "sizes", "shape", "classes", "features"),
    [
        ("breast-cancer", (341, 114, 114), (30,), 2, 30),
        ("synthetic", (600, 200, 200), (10,), 2, 10),
        ("digits", (1077, 360, 360), (1, 8, 8), 10, 1),
    ],
)
def test_shapes_and_types(name, sizes, shape, classes, features):
    splits = data.load(name, seed=0)
    assert splits.name == name
    assert (len(splits.train), len(splits.valid), len(splits.test)) == sizes
    for part in (splits.train, splits.valid, splits.test):
        assert part.inputs.shape[1:] == shape
        assert (part.inputs.dtype, part.targets.dtype) == (torch.float32, torch.int64)
        assert part.inputs.device.type == "cpu"
        assert sorted(part.targets.unique().tolist()) == list(range(classes))
    assert len(splits.classes) == classes
    assert len(splits.features) == features
    assert all(type(word) is str for word in splits.classes + splits.features)


def test_breast_cancer_counts_malignant_as_one():
    splits = data.load("breast-cancer", seed=0)
    assert splits.classes == ["benign", "malignant"]
    assert whole(splits, "targets").bincount().tolist() == [357, 212]
    bunch = datasets.load_breast_cancer()
    rows = {tuple(row): label for row, label in zip(bunch.data.astype("float32").tolist(), bunch.target, strict=True)}
    for row, target in zip(splits.test.inputs.tolist(), splits.test.targets.tolist(), strict=True):
        assert target == 1 - rows[tuple(row)]
    assert splits.features == bunch.feature_names.tolist()


def test_synthetic_holds_seven_telling_columns_of_ten_and_always_the_same_points():
    splits = data.load("synthetic", seed=2)
    points, labels = datasets.make_classification(1000, 10, n_informative=7, n_redundant=0, random_state=1)
    expected = sorted(zip(points.astype("float32").tolist(), labels.tolist(), strict=True))
    rows = zip(whole(splits, "inputs").tolist(), whole(splits, "targets").tolist(), strict=True)
    assert sorted(rows) == expected
    assert splits.classes == ["class 0", "class 1"]
    assert splits.features[0] == "feature 0"
    assert splits.features[9] == "feature 9"


def test_digits_are_the_pixels_divided_by_sixteen():
    splits = data.load("digits", seed=3)
    assert splits.classes == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    assert splits.features == ["ink"]
    images = whole(splits, "inputs")
    assert (images.min(), images.max()) == (0, 1)
    assert images.double().sum() * 16 == datasets.load_digits().images.sum()


@pytest.mark.parametrize("name", ["synthetic", "breast-cancer", "digits"])
def test_the_seed_decides_the_split_but_not_the_points(name):
    first, again, other = (data.load(name, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.train.inputs, again.train.inputs)
    assert not torch.equal(first.train.inputs, other.train.inputs)
    rows = [sorted(whole(splits, "inputs").tolist()) for splits in (first, other)]
    assert rows[0] == rows[1]


def test_size_shows_the_digits_larger_and_keeps_their_range():
    splits = data.load("digits", seed=0, size=28)
    assert splits.train.inputs.shape == (1077, 1, 28, 28)
    assert 0 <= splits.train.inputs.min() < splits.train.inputs.max() <= 1
    plain = data.load("digits", seed=0)
    assert torch.equal(splits.test.targets, plain.test.targets)
    for ours, small in zip(splits.test.inputs[:5, 0], plain.test.inputs[:5, 0], strict=True):
        theirs = Image.fromarray(small.numpy()).resize((28, 28), Image.Resampling.BILINEAR)
        torch.testing.assert_close(ours, torch.tensor(np.asarray(theirs)), rtol=0, atol=1e-5)
    assert torch.equal(data.load("digits", seed=0, size=8).test.inputs, plain.test.inputs)
