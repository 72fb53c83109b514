"""Random changes of brightness, contrast and saturation for a whole batch (data-augmentation chapter)."""

import torch
from torch import Tensor

from helpers.data.transforms.warp import uniform


def jitter(images: Tensor, strength: float = 0.2, *, generator: torch.Generator) -> Tensor:
    """Change brightness, contrast and saturation of each image, each by a factor of its own.

    Brightness scales all values, contrast their distance from the image's mean, saturation the distance of each
    pixel's channels from their mean; with one channel the last changes nothing.

    Args:
        images: (B, C, H, W), floating point in [0, 1], any device.
        strength: the factors are drawn from 1 - strength to 1 + strength, 0 to 1.
        generator: source of the random numbers; a CPU generator draws the same everywhere.

    Returns:
        (B, C, H, W) in [0, 1], a new tensor.
    """
    low = 1 - strength
    high = 1 + strength
    brightness = uniform(len(images), low, high, generator=generator).view(-1, 1, 1, 1)
    contrast = uniform(len(images), low, high, generator=generator).view(-1, 1, 1, 1)
    saturation = uniform(len(images), low, high, generator=generator).view(-1, 1, 1, 1)
    images = images * brightness.to(images)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    images = mean + contrast.to(images) * (images - mean)
    gray = images.mean(dim=1, keepdim=True)
    images = gray + saturation.to(images) * (images - gray)
    return images.clamp(0, 1)
