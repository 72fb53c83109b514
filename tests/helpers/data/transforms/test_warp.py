"""Batched affine transforms: beside scipy, torchvision and exact cases, one image at a time and all at once."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torchvision.transforms import v2

from helpers.data.transforms.warp import affine_matrices, uniform, warp

IDENTITY = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
MIRROR = [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
QUARTER = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]  # x from -y, y from x


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def batch(*rows):
    return torch.tensor(rows)


@pytest.mark.parametrize(
    ("matrix", "change"),
    [
        (IDENTITY, lambda x: x),
        (MIRROR, lambda x: x.flip(3)),
        ([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], lambda x: x.flip(2)),
        (QUARTER, lambda x: x.rot90(1, (2, 3))),
        ([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]], lambda x: torch.cat([x[..., 2:], torch.zeros(2, 3, 8, 2)], 3)),
    ],
)
def test_exact_cases(matrix, change):
    images = torch.rand(2, 3, 8, 8, generator=generator())
    torch.testing.assert_close(warp(images, batch(matrix, matrix)), change(images), rtol=0, atol=1e-5)


def test_each_image_has_its_own_matrix():
    images = torch.rand(3, 1, 6, 6, generator=generator())
    out = warp(images, batch(IDENTITY, MIRROR, QUARTER))
    torch.testing.assert_close(out[0], images[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(out[1], images[1].flip(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(out[2], images[2].rot90(1, (1, 2)), atol=1e-5, rtol=0)


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), size=st.integers(3, 12), padding_mode=st.sampled_from(["zeros", "border"]))
def test_agrees_with_scipy(seed, size, padding_mode):
    draw = generator(seed)
    images = torch.rand(2, 1, size, size, generator=draw)
    matrices = affine_matrices(2, degrees=180, zoom=0.3, shift=0.2, mirror=True, generator=draw)
    out = warp(images.double(), matrices, padding_mode=padding_mode)
    half = (size - 1) / 2
    for image, matrix, result in zip(images, matrices.double().numpy(), out, strict=True):
        turn = matrix[::-1, 1::-1]  # rows and columns in scipy's order: y before x
        offset = half - turn @ [half, half] + matrix[::-1, 2] * size / 2
        mode = {"zeros": "grid-constant", "border": "nearest"}[padding_mode]
        expected = ndimage.affine_transform(image[0].double().numpy(), turn, offset, order=1, mode=mode)
        np.testing.assert_allclose(result[0].numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(("degrees", "scale"), [(30.0, 1.0), (-75.0, 1.3), (180.0, 0.7)])
def test_agrees_with_torchvision(degrees, scale):
    image = torch.rand(1, 3, 9, 9, generator=generator())
    angle = np.radians(degrees)
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    matrix = torch.tensor([[[cos, sin, 0], [-sin, cos, 0]]]).float()
    bilinear = v2.InterpolationMode.BILINEAR
    expected = v2.functional.affine(image, degrees, [0, 0], scale, [0.0], interpolation=bilinear)
    torch.testing.assert_close(warp(image, matrix), expected, atol=1e-4, rtol=0)


def test_nearest_keeps_whole_numbers_whole_and_bilinear_does_not():
    labels = torch.randint(0, 4, (4, 1, 16, 16), generator=generator()).float()
    matrices = affine_matrices(4, degrees=40, generator=generator())
    assert set(warp(labels, matrices, mode="nearest").unique().tolist()) == {0, 1, 2, 3}
    assert len(warp(labels, matrices).unique()) > 4


def test_volumes_turn_in_a_plane():
    volumes = torch.rand(2, 3, 4, 6, 6, generator=generator())
    matrix = torch.tensor([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]]).expand(2, -1, -1)
    torch.testing.assert_close(warp(volumes, matrix), volumes.rot90(1, (3, 4)), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("images", "matrices", "error", "says"),
    [
        (torch.zeros(4, 1, 8, 8), torch.zeros(3, 2, 3), RuntimeError, "3"),
        (torch.zeros(4, 1, 8, 8, dtype=torch.int64), torch.zeros(4, 2, 3), ValueError, "floating point"),
        (torch.zeros(4, 1, 4, 8, 8), torch.zeros(4, 2, 3), ValueError, "3x4"),
    ],
)
def test_what_does_not_fit_is_refused(images, matrices, error, says):
    with pytest.raises(error, match=says):
        warp(images, matrices)


def test_matrices_stay_within_their_limits_and_reach_them():
    limits = {"degrees": 20, "zoom": 0.25, "shift": 0.125, "mirror": True}
    matrices = affine_matrices(5000, **limits, generator=generator())
    linear, shift = matrices[:, :, :2], matrices[:, :, 2]
    scale = linear.det().abs().sqrt()
    mirrored = linear.det() < 0
    angle = torch.rad2deg(torch.atan2(-linear[:, 0, 1], linear[:, 1, 1]))
    for found, low, high in ((scale, 0.75, 1.25), (angle, -20, 20), (shift, -0.25, 0.25)):
        assert found.min() >= low - 1e-3
        assert found.max() <= high + 1e-3
        assert found.max() - found.min() > 0.98 * (high - low)
    assert 0.46 < mirrored.double().mean() < 0.54  # standard deviation 0.007


def test_without_limits_nothing_changes():
    matrices = affine_matrices(3, generator=generator())
    torch.testing.assert_close(matrices, batch(IDENTITY, IDENTITY, IDENTITY))


def test_the_generator_decides():
    first, again, other = (affine_matrices(4, degrees=10, generator=generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_uniform_numbers_fill_their_range():
    drawn = uniform(10_000, -2, 3, generator=generator())
    assert drawn.shape == (10_000,)
    assert -2 <= drawn.min() < -1.99
    assert 2.99 < drawn.max() < 3
    assert abs(drawn.mean() - 0.5) < 0.06  # four standard deviations of the mean


def test_angles_and_shifts_reach_both_of_their_limits():
    maps = affine_matrices(5000, degrees=30.0, shift=0.1, generator=generator())
    angles = torch.rad2deg(torch.atan2(maps[:, 1, 0], maps[:, 1, 1]))
    assert 29.9 < angles.max() <= 30.001
    assert -30.001 <= angles.min() < -29.9
    for shifts in (maps[:, 0, 2], maps[:, 1, 2]):  # the image is 2 long, from -1 to 1
        assert 0.199 < shifts.max() <= 0.2001
        assert -0.2001 <= shifts.min() < -0.199
