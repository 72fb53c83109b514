"""Inference on volumes that are larger than what a model sees at once, window by window (u-net chapter)."""

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import torch
from torch import Tensor, nn

from helpers.train.evaluate import evaluation_mode


def window_starts(length: int, window: int, step: int) -> list[int]:
    """Where windows begin along one axis so that they cover it: every `step` voxels, and one that ends at the end."""
    last = max(length - window, 0)
    return [*range(0, last, step), last]


def gaussian_window(size: Sequence[int]) -> Tensor:
    """Weights, shape `size`, float32: 1 in the middle, small at the edges (a standard deviation is an eighth).

    Never 0, so that a voxel that lies at the edge of every window still has a weight to divide by.
    """
    weights = torch.ones(())
    for length in size:
        offset = torch.arange(length, dtype=torch.float32) - (length - 1) / 2
        weights = weights[..., None] * torch.exp(-0.5 * (offset / (length / 8)) ** 2)
    return weights.clamp(min=1e-3)


def sliding_window(
    model: nn.Module,
    volume: Tensor,
    window: Sequence[int],
    *,
    overlap: float = 0.5,
    gaussian: bool = True,
) -> Tensor:
    """Logits for one volume, averaged over all windows that hold a voxel.

    Args:
        model: (1, C, *window) -> (1, K, *window), on any device; its mode is restored afterwards.
        volume: shape (C, D, H, W), on any device.
        window: depth, height and width of what the model sees at once; along an axis where the volume is smaller,
            all of it.
        overlap: share of a window that the next one covers again, at least 0 and below 1.
        gaussian: whether a window's middle counts more than its edges.

    Returns:
        Logits (K, D, H, W), float32, on the CPU.

    Raises:
        ValueError: the volume has not four axes, the window not three of at least one voxel, or the overlap is out
            of range.
    """
    size = _checked_window(volume, window, overlap)
    weights = gaussian_window(size) if gaussian else torch.ones(size)
    device = next(model.parameters()).device
    total, weight = torch.zeros(()), torch.zeros(volume.shape[1:])
    with evaluation_mode(model):
        for place in windows(volume.shape[1:], size, overlap):
            patch = volume[(slice(None), *place)][None].to(device)
            logits = model(patch)[0].cpu()
            if not total.ndim:
                total = torch.zeros(len(logits), *volume.shape[1:])
            total[(slice(None), *place)] += weights * logits
            weight[place] += weights
    return total / weight


def windows(shape: Sequence[int], size: Sequence[int], overlap: float) -> Iterator[tuple[slice, ...]]:
    """The place of each window, one slice for each axis.

    Args:
        shape: of the volume.
        size: of a window, nowhere larger than the volume.
        overlap: share of a window that the next one covers again.
    """
    steps = [max(1, round(edge * (1 - overlap))) for edge in size]
    starts = [window_starts(*axis) for axis in zip(shape, size, steps, strict=True)]
    for corner in product(*starts):
        yield tuple(slice(start, start + edge) for start, edge in zip(corner, size, strict=True))


def _checked_window(volume: Tensor, window: Sequence[int], overlap: float) -> list[int]:
    """The window's size, cut to the volume's."""
    if volume.ndim != 4 or prod(volume.shape) == 0:
        raise ValueError(f"expected one volume of shape (C, D, H, W), got {tuple(volume.shape)}")
    if len(window) != 3 or min(window) < 1:
        raise ValueError(f"expected a window of depth, height and width, each at least 1, got {tuple(window)}")
    if not 0 <= overlap < 1:
        raise ValueError(f"overlap should be at least 0 and below 1, but is {overlap}")
    return [min(edge, length) for edge, length in zip(window, volume.shape[1:], strict=True)]
