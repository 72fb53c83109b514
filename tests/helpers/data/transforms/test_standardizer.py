import torch
from sklearn.preprocessing import StandardScaler

from helpers.data import Standardizer, load


def test_agrees_with_scikit_learn():
    splits = load("breast-cancer", seed=0)
    scale = Standardizer.fit(splits.train.inputs)
    oracle = StandardScaler().fit(splits.train.inputs.double())
    for part in (splits.train, splits.test):
        expected = torch.tensor(oracle.transform(part.inputs.double()), dtype=torch.float32)
        torch.testing.assert_close(scale(part.inputs), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(splits.map(scale).train.inputs.mean(dim=0), torch.zeros(30), rtol=0, atol=1e-5)


def test_a_constant_feature_becomes_zero():
    inputs = torch.tensor([[0.1, 1.0], [0.1, 3.0], [0.1, 5.0]])
    scale = Standardizer.fit(inputs)
    torch.testing.assert_close(scale(inputs)[:, 0], torch.zeros(3), rtol=0, atol=1e-6)
    assert scale.std[0] == 1
    torch.testing.assert_close(scale(inputs)[:, 1], torch.tensor([-1.0, 0.0, 1.0]) * 1.5**0.5)


def test_images_are_standardised_pixel_by_pixel():
    images = load("digits", seed=0).train.inputs
    scaled = Standardizer.fit(images)(images)
    assert scaled.shape == images.shape
    assert scaled.isfinite().all()
