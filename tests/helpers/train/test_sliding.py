"""Windows cover every voxel, and their average is the whole wherever it must be."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.inferers import sliding_window_inference
from torch import nn

from helpers import train
from helpers.models import UNet
from helpers.train.sliding import window_starts, windows

VOLUME = torch.rand(2, 11, 14, 9, generator=torch.Generator().manual_seed(0))


def pointwise():
    torch.manual_seed(0)
    return nn.Conv3d(2, 3, 1)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 50))
def test_windows_cover_an_axis(length, window, step):
    window = min(window, length)
    starts = window_starts(length, window, min(step, window))
    covered = {place for start in starts for place in range(start, start + window)}
    assert covered == set(range(length))
    assert starts == sorted(set(starts))


def test_window_starts_by_hand():
    assert window_starts(10, 4, 2) == [0, 2, 4, 6]
    assert window_starts(10, 4, 3) == [0, 3, 6]
    assert window_starts(11, 4, 3) == [0, 3, 6, 7]
    assert window_starts(4, 4, 2) == [0]
    assert len(list(windows((8, 8, 8), (4, 4, 8), 0.5))) == 9


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("window", [(4, 4, 4), (5, 6, 7), (11, 14, 9), (32, 32, 32), (1, 14, 3)])
def test_a_model_of_single_voxels_sees_no_windows(window, overlap, gaussian):
    model = pointwise()
    logits = train.sliding_window(model, VOLUME, window, overlap=overlap, gaussian=gaussian)
    torch.testing.assert_close(logits, train.predict(model, VOLUME[None])[0], rtol=0, atol=1e-5)


def test_a_window_as_large_as_the_volume_is_the_volume():
    torch.manual_seed(0)
    model = UNet(2, 3, widths=[4, 8])
    logits = train.sliding_window(model, VOLUME, VOLUME.shape[1:])
    torch.testing.assert_close(logits, train.predict(model, VOLUME[None])[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("gaussian", "mode"), [(False, "constant"), (True, "gaussian")])
def test_windows_and_weights_are_monais(gaussian, mode):
    torch.manual_seed(0)
    model = UNet(2, 3, widths=[4, 8]).eval()
    volume = torch.rand(2, 16, 16, 16)
    ours = train.sliding_window(model, volume, (8, 8, 8), overlap=0.5, gaussian=gaussian)
    with torch.no_grad():
        theirs = sliding_window_inference(volume[None], (8, 8, 8), 1, model, overlap=0.5, mode=mode)[0]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


def test_gaussian_window_is_symmetric_positive_and_one_in_the_middle():
    weights = train.gaussian_window((5, 7, 9))
    assert weights.shape == (5, 7, 9)
    torch.testing.assert_close(weights, weights.flip(0, 1, 2))
    assert weights.min() > 0
    assert weights[2, 3, 4] == weights.max() == 1


def test_gaussian_window_falls_with_a_deviation_of_an_eighth():
    weights = train.gaussian_window((9,))  # the middle is at 4, the standard deviation 9 / 8
    assert weights.tolist()[5] == pytest.approx(math.exp(-0.5 * (8 / 9) ** 2), rel=1e-6)
    assert weights.tolist()[7] == pytest.approx(math.exp(-0.5 * (24 / 9) ** 2), rel=1e-6)
    assert train.gaussian_window((33,))[0] == pytest.approx(1e-3)  # never 0


def test_windows_weigh_their_middle_more_unless_asked_otherwise():
    model, volume = nn.Conv3d(2, 3, 3, padding=1), VOLUME  # its windows differ at their edges
    by_default = train.sliding_window(model, volume, (8, 8, 8))
    assert torch.equal(by_default, train.sliding_window(model, volume, (8, 8, 8), gaussian=True))
    assert not torch.equal(by_default, train.sliding_window(model, volume, (8, 8, 8), gaussian=False))


def test_the_mode_comes_back_and_is_evaluation_meanwhile():
    model = nn.Sequential(nn.BatchNorm3d(2), pointwise()).train()
    before = model[0].running_mean.clone()
    logits = train.sliding_window(model, VOLUME, (4, 4, 4))
    assert model.training
    assert torch.equal(model[0].running_mean, before)
    assert not logits.requires_grad
    assert (logits.requires_grad_() * 2).sum().backward() is None  # usable in a later graph


@pytest.mark.parametrize(
    ("volume", "window", "overlap", "message"),
    [
        (VOLUME[None], (4, 4, 4), 0.5, r"one volume of shape \(C, D, H, W\)"),
        (VOLUME[:, :0], (4, 4, 4), 0.5, "one volume"),
        (VOLUME, (4, 4), 0.5, "depth, height and width"),
        (VOLUME, (4, 0, 4), 0.5, "at least 1"),
        (VOLUME, (4, 4, 4), 1.0, "below 1"),
        (VOLUME, (4, 4, 4), -0.1, "at least 0"),
    ],
)
def test_what_does_not_fit_is_refused(volume, window, overlap, message):
    with pytest.raises(ValueError, match=message):
        train.sliding_window(pointwise(), volume, window, overlap=overlap)
