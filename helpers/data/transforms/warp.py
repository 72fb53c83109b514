"""Random affine transforms of a whole batch of images or volumes, one for each (data-augmentation chapter)."""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F


def uniform(count: int, low: float, high: float, *, generator: torch.Generator) -> Tensor:
    """Return `count` numbers drawn evenly between low and high: (count,) float32 on the generator's device."""
    return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)


def affine_matrices(
    count: int,
    *,
    degrees: float = 0.0,
    zoom: float = 0.0,
    shift: float = 0.0,
    mirror: bool = False,
    generator: torch.Generator,
) -> Tensor:
    """Draw an affine map of the plane for each of `count` images.

    The map says from where in the image each output pixel comes, so a scale of 1.2 makes things smaller. It works in
    coordinates in which the image reaches from -1 to 1 along both axes, so a turn keeps shapes only in a square image:
    for one of H x W, multiply the entry [0, 1] by H / W and the entry [1, 0] by W / H.

    Args:
        count: number of maps B.
        degrees: largest angle to either side, 0 to 180.
        zoom: the scale is drawn from 1 - zoom to 1 + zoom, 0 to below 1.
        shift: largest shift along each axis, as a share of the image's side, 0 or more.
        mirror: whether to exchange left and right of every other image, at random.
        generator: source of the random numbers; a CPU generator draws the same everywhere.

    Returns:
        (B, 2, 3) float32 on the generator's device, for `warp`.
    """
    angle = uniform(count, -degrees, degrees, generator=generator) * math.pi / 180
    scale = uniform(count, 1 - zoom, 1 + zoom, generator=generator)
    right = 2 * uniform(count, -shift, shift, generator=generator)
    down = 2 * uniform(count, -shift, shift, generator=generator)
    coin = uniform(count, 0, 1, generator=generator)
    sign = torch.ones_like(coin)
    if mirror:
        sign[coin < 0.5] = -1.0  # mirrors x_out, so it goes to what x_out meets
    cos = scale * angle.cos()
    sin = scale * angle.sin()
    first_row = torch.stack([sign * cos, -sin, right], dim=1)
    second_row = torch.stack([sign * sin, cos, down], dim=1)
    return torch.stack([first_row, second_row], dim=1)


def warp(
    images: Tensor,
    matrices: Tensor,
    *,
    mode: Literal["bilinear", "nearest"] = "bilinear",
    padding_mode: Literal["zeros", "border", "reflection"] = "zeros",
) -> Tensor:
    """Look up every output pixel at the place that its image's affine map names.

    Args:
        images: (B, C, H, W), or volumes (B, C, D, H, W), floating point, on any device.
        matrices: (B, 2, 3), or (B, 3, 4) for volumes: output to input, in coordinates from -1 to 1, x before y.
        mode: "bilinear" between neighboring pixels, or "nearest", which keeps whole numbers whole.
        padding_mode: what lies outside the image: zeros, its border repeated, or its reflection.

    Returns:
        The same shape and dtype, a new tensor.

    Raises:
        ValueError: the images are not floating point (turn labels into floats first, and back after).
        RuntimeError: there is not one matrix of the right shape for each image.
    """
    grid = F.affine_grid(matrices.to(images), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode=mode, padding_mode=padding_mode, align_corners=False)
