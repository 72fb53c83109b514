"""Random crops and flips for a whole batch at once, on the device where the batch is."""

import torch
from torch import Tensor


def crop_and_flip(images: Tensor, padding: int = 4, *, generator: torch.Generator) -> Tensor:
    """Shift each image by up to `padding` pixels in each direction, and mirror each with probability 1/2.

    The border is filled by reflection. Every image gets its own shift and its own flip, drawn at each call.

    Args:
        images: (B, C, H, W), any dtype and device.
        padding: the largest shift in pixels, from 0 to below H and W.
        generator: source of the random numbers, on any device; a CPU generator draws the same everywhere.

    Returns:
        (B, C, H, W), a new tensor.

    Raises:
        ValueError: the padding does not lie between 0 and the image's size, less one.
    """
    count, channels, height, width = images.shape
    if not 0 <= padding < min(height, width):
        raise ValueError(f"padding must be from 0 to {min(height, width) - 1} for these images, but is {padding}.")
    shifts = torch.randint(-padding, padding + 1, (2, count, 1), generator=generator, device=generator.device)
    coins = torch.rand((count, 1), generator=generator, device=generator.device) < 0.5
    down, right = shifts.to(images.device)
    rows = _reflected(torch.arange(height, device=images.device) + down, height)  # (B, H)
    columns = _reflected(torch.arange(width, device=images.device) + right, width)  # (B, W)
    columns = torch.where(coins.to(images.device), columns.flip(1), columns)
    places = (rows[:, :, None] * width + columns[:, None, :]).flatten(1)  # (B, H W): from where each pixel comes
    return images.flatten(2).gather(2, places[:, None].expand(-1, channels, -1)).view(images.shape)


def _reflected(places: Tensor, size: int) -> Tensor:
    """Fold places beyond either end back into 0..size - 1, as a mirror on the last pixel does."""
    last = size - 1
    return last - (last - places.abs()).abs()
