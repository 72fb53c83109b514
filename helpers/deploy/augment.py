"""Small changes that leave a digit the same digit: how a hand on a screen differs from the training data."""

import torch
from torch import Tensor
from torch.nn import functional as F


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
    moved = F.grid_sample(images, _grid(images, generator), align_corners=False)
    exponent = _drawn(images, -0.5, 0.5, generator).exp().view(-1, 1, 1, 1)  # below 1 edges darken: a thicker stroke
    return moved.clamp(0, 1) ** exponent * ~_patch(images, generator)


def _drawn(images: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(len(images), generator=generator)


def _grid(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return where each pixel comes from, (B, H, W, 2)."""
    ranges = [(-0.2, 0.2), (-0.2, 0.2), (0.8, 1.2), (0.9, 1.1), (-0.12, 0.12), (-0.12, 0.12)]
    angle, slant, width, height, right, down = (_drawn(images, low, high, generator) for low, high in ranges)
    cos, sin = angle.cos(), angle.sin()
    rows = [cos * width, (slant - sin) * height, right, sin * width, cos * height, down]
    return F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(images.shape), align_corners=False)


def _patch(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return True inside a rectangle of a seventh to two fifths of each side; nowhere in every other image."""
    erased = torch.rand(len(images), generator=generator) < 0.5
    inside = []
    for size in images.shape[2:]:
        middle, half = _drawn(images, 0, size, generator), _drawn(images, size / 14, size / 5, generator)
        inside.append((torch.arange(size) - middle[:, None]).abs() < half[:, None])
    rows, columns = inside
    return (rows[:, None, :, None] & columns[:, None, None, :]) & erased[:, None, None, None]
