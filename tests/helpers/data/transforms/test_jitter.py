"""Brightness, contrast and saturation, beside torchvision's functions with the same factors."""

import pytest
import torch
from torchvision.transforms import v2

from helpers.data.transforms.jitter import jitter
from helpers.data.transforms.warp import uniform


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_agrees_with_torchvision_on_images_without_color():
    """torchvision weighs the channels when it computes a grey; without color both weighings agree."""
    images = 0.3 + 0.3 * torch.rand(6, 1, 5, 7, generator=generator()).expand(-1, 3, -1, -1)
    ours, again = jitter(images, 0.4, generator=generator(1)), generator(1)
    brightness, contrast, _ = (uniform(6, 0.6, 1.4, generator=again).tolist() for _ in range(3))
    for image, result, b, c in zip(images, ours, brightness, contrast, strict=True):
        expected = v2.functional.adjust_contrast(v2.functional.adjust_brightness(image, b), c)
        torch.testing.assert_close(result, expected, atol=1e-4, rtol=0)


def test_saturation_scales_the_distance_from_grey():
    images = 0.4 + 0.2 * torch.rand(8, 3, 4, 4, generator=generator())
    again = generator(2)
    brightness, contrast, saturation = (uniform(8, 0.9, 1.1, generator=again).view(-1, 1, 1, 1) for _ in range(3))
    ours = jitter(images, 0.1, generator=generator(2))
    color = images - images.mean(dim=1, keepdim=True)
    torch.testing.assert_close(
        ours - ours.mean(dim=1, keepdim=True), brightness * contrast * saturation * color, atol=1e-5, rtol=0
    )


def test_every_image_has_factors_of_its_own():
    images = (0.2 + 0.5 * torch.rand(1, 3, 4, 4, generator=generator())).repeat(20, 1, 1, 1)
    assert len(jitter(images, generator=generator()).flatten(1).unique(dim=0)) == 20


@pytest.mark.parametrize("channels", [1, 3])
def test_stays_in_range_and_leaves_the_input_alone(channels):
    images = torch.rand(10, channels, 6, 6, generator=generator())
    before = images.clone()
    out = jitter(images, 1.0, generator=generator())
    assert out.shape == images.shape
    assert out.min() >= 0
    assert out.max() <= 1
    assert torch.equal(images, before)


def test_strength_zero_changes_nothing():
    images = torch.rand(4, 3, 6, 6, generator=generator())
    torch.testing.assert_close(jitter(images, 0.0, generator=generator()), images, atol=1e-6, rtol=0)
