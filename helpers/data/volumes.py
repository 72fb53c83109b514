"""Volumes for segmentation: a number of them by name, in three parts, and patches cut from one."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import torch
from torch import Tensor

from helpers.data.decathlon import decathlon
from helpers.data.download import cache_folder
from helpers.data.examples import Examples
from helpers.data.phantoms import CHANNELS, CLASSES, phantoms
from helpers.data.splits import Splits

VOLUMES = ["phantoms", "decathlon"]


def load_volumes(
    name: str, *, seed: int = 0, volumes: int = 120, size: int = 32, cache: str | Path | None = None
) -> Splits:
    """Load volumes by name, divided into training, validation and test sets of 60, 20 and 20 %.

    Args:
        name: "phantoms", which are generated; or "decathlon", Task01 of the Medical Segmentation Decathlon.
        seed: what the phantoms are generated from; which of the decathlon's cases are taken, and which go where.
        volumes: how many in all, at least 5.
        size: edge of each volume in voxels, at least 8. A real head is brought to that size: its voxels become as
            large as they must for its longest side to fit.
        cache: the folder of downloads. None takes the environment variable COURSE_DATA, or the system's own
            cache folder where that is not set.

    Returns:
        Inputs (N, 4, size, size, size) float32, with mean 0 and standard deviation 1 in each channel of each head,
        and 0 outside it; targets (N, size, size, size) int64, 0 to 3; on the CPU.

    Raises:
        ValueError: if there are no volumes of that name, or a number is too small.
        DataError: if a file is missing and cannot be downloaded, or is damaged.
    """
    if name not in VOLUMES:
        nearest = get_close_matches(name.lower(), VOLUMES, n=1, cutoff=0)[0]
        raise ValueError(f"There are no volumes {name!r}; did you mean {nearest!r}? Known: {', '.join(VOLUMES)}.")
    if volumes < 5 or size < 8:
        raise ValueError(f"volumes should be at least 5 and size at least 8, but are {volumes} and {size}.")
    if name == "phantoms":
        examples = phantoms(seed, volumes=volumes, size=size)
    else:
        examples = decathlon(seed, cache_folder(cache), volumes=volumes, size=size)
    part = len(examples) // 5
    train, valid, test = examples[: -2 * part], examples[-2 * part : -part], examples[-part:]
    return Splits(name, train, valid, test, CLASSES, CHANNELS)


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
