"""Patches cut at random places from a volume, many of them around a lesion (u-net chapter)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from helpers.data.examples import Examples


def sample_patches(
    image: Tensor,
    labels: Tensor,
    size: Sequence[int],
    *,
    count: int,
    generator: torch.Generator,
    lesion_share: float = 0.5,
) -> Examples:
    """Cut patches from one volume at random places, a share of them around a voxel of a lesion.

    Args:
        image: shape (C, D, H, W).
        labels: shape (D, H, W), int64; 0 is the background.
        size: depth, height and width of a patch, nowhere larger than the volume.
        count: how many patches, at least 1.
        generator: a generator on the CPU, the source of the places.
        lesion_share: how probably a patch is laid around a random voxel whose label is not 0; 0 to 1. Without such
            a voxel every place is as likely as any other.

    Returns:
        Inputs (count, C, *size) and targets (count, *size), copied.

    Raises:
        ValueError: if the shapes do not fit together, or the patch does not fit into the volume.
    """
    room = [have - want for have, want in zip(labels.shape, size, strict=False)]
    if len(size) != 3 or image.shape[1:] != labels.shape or min(room) < 0 or min(size) < 1:
        raise ValueError(
            f"expected an image (C, D, H, W), labels (D, H, W) and a patch that fits into them, got "
            f"{tuple(image.shape)}, {tuple(labels.shape)} and {tuple(size)}"
        )
    lesion = labels.nonzero()  # (voxels, 3)
    inputs, targets = [], []
    for _ in range(count):
        around = len(lesion) and torch.rand((), generator=generator) < lesion_share
        middle = lesion[_draw(len(lesion), generator)].tolist() if around else None
        place = tuple(_slice(axis, size, room, middle, generator) for axis in range(3))
        inputs.append(image[(slice(None), *place)])
        targets.append(labels[place])
    return Examples(torch.stack(inputs), torch.stack(targets))


def _slice(
    axis: int, size: Sequence[int], room: Sequence[int], middle: Sequence[int] | None, generator: torch.Generator
) -> slice:
    """A patch's place along one axis: around the middle as far as the volume allows, or anywhere."""
    if middle is None:
        start = _draw(room[axis] + 1, generator)
    else:
        start = min(max(middle[axis] - size[axis] // 2, 0), room[axis])
    return slice(start, start + size[axis])


def _draw(below: int, generator: torch.Generator) -> int:
    return int(torch.randint(below, (), generator=generator))
