"""Small changes that leave a digit the same digit: how a hand on a screen differs from the training data."""

import torch
from torch import Tensor

from helpers.data.transforms.warp import uniform, warp


def vary(images: Tensor, *, generator: torch.Generator) -> Tensor:
    """Turn, slant, scale, shift, thicken or thin each image a little, and erase a patch of every other one.

    The patch makes a network look at all of a digit. In the bundled data most sevens carry a bar; a network that
    relies on the bar takes a plain seven for a three.

    Args:
        images: (B, 1, H, W) float32 in [0, 1], ink is 1.
        generator: draws the changes.

    Returns:
        The same shape and range.
    """
    moved = warp(images, _maps(len(images), generator))
    exponent = uniform(len(images), -0.5, 0.5, generator=generator).exp()  # below 1 edges darken: a thicker stroke
    return moved.clamp(0, 1) ** exponent.view(-1, 1, 1, 1) * ~_patch(images, generator)


def _maps(count: int, generator: torch.Generator) -> Tensor:
    """Return from where in the image each output pixel comes, (count, 2, 3)."""
    ranges = [(-0.2, 0.2), (-0.2, 0.2), (0.8, 1.2), (0.9, 1.1), (-0.12, 0.12), (-0.12, 0.12)]
    drawn = (uniform(count, low, high, generator=generator) for low, high in ranges)
    angle, slant, width, height, right, down = drawn
    cos, sin = angle.cos(), angle.sin()
    rows = [cos * width, (slant - sin) * height, right, sin * width, cos * height, down]
    return torch.stack(rows, 1).view(count, 2, 3)


def _patch(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return True inside a rectangle of a seventh to two fifths of each side; nowhere in every other image."""
    erased = torch.rand(len(images), generator=generator) < 0.5
    inside = []
    for size in images.shape[2:]:
        middle = uniform(len(images), 0, size, generator=generator)
        half = uniform(len(images), size / 14, size / 5, generator=generator)
        inside.append((torch.arange(size) - middle[:, None]).abs() < half[:, None])
    rows, columns = inside
    return (rows[:, None, :, None] & columns[:, None, None, :]) & erased[:, None, None, None]
