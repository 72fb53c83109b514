"""Patches of real photographs and micrographs that come with scikit-image and scikit-learn: ten pictures, ten classes.

Each picture is parted into square tiles, and each tile with content belongs to training, validation or test. A patch
lies within one tile, so no pixel is in two of the three sets.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from helpers.data.data_error import DataError
from helpers.data.examples import Examples
from helpers.data.splits import Splits

PATCH, TILE, STEP = 32, 64, 8  # pixels: side of a patch, side of a tile, distance of neighbouring patches
COUNTS = (300, 100, 100)  # patches of each picture for training, validation and test
LEAST_CONTRAST = 0.02  # standard deviation of the grey values in [0, 1]; below it a patch is plain sky or border
LEFT_OUT = -1  # the part of a tile without content

# class name -> package, and the file inside it. Read by path: skimage.data's functions might ask the network.
PICTURES = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "cat": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "galaxies": ("skimage", "data/hubble_deep_field.jpg"),
    "tissue": ("skimage", "data/ihc.png"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "retina": ("skimage", "data/retina.jpg"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "temple": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
}
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture and how it is parted.

    Args:
        pixels: (H, W, 3) uint8.
        parts: (H // 64, W // 64) int64, for each tile 0 (training), 1 (validation), 2 (test) or -1 (left out).
    """

    pixels: Bytes
    parts: NDArray[np.int64]


def photo_patches(seed: int) -> Splits:
    """5000 color patches, 32x32 pixels, of 10 pictures: 3000 to train, 1000 to validate, 1000 to test, balanced.

    Inputs (N, 3, 32, 32) float32 in [0, 1], red, green, blue; targets (N,) int64, which picture. The seed decides
    which tiles belong to which set, and which of their patches are taken. Patches of one set may overlap; two sets
    share no pixel. Patches without content (one plain color) are left out.

    Raises:
        DataError: a picture is missing from the installed package.

    Source: scikit-image's and scikit-learn's sample images; their licenses stand in the two packages.
    """
    pictures = list(read_pictures(seed).values())
    generators = [torch.Generator().manual_seed(seed + 1000 * (1 + label)) for label in range(len(pictures))]
    parts = []
    for part, count in enumerate(COUNTS):
        chosen = [_draw(cut(picture, part), count, g) for picture, g in zip(pictures, generators, strict=True)]
        labels = torch.arange(len(pictures)).repeat_interleave(count)
        parts.append(Examples(torch.cat(chosen).float() / 255, labels))
    return Splits("photo-patches", parts[0], parts[1], parts[2], list(PICTURES), ["red", "green", "blue"])


def read_pictures(seed: int) -> dict[str, Picture]:
    """The ten pictures by class name, with their tiles dealt to the parts at random, 60/20/20 by patches.

    Args:
        seed: decides which tiles go where. Tiles without content are left out.
    """
    pictures = {}
    for label, (name, (package, file)) in enumerate(PICTURES.items()):
        pixels = _read(package, file)
        pictures[name] = Picture(pixels, _deal(pixels, np.random.default_rng([seed, label])))
    return pictures


def cut(picture: Picture, part: int) -> Tensor:
    """All patches with content of one part: (N, 3, 32, 32) uint8, tile by tile.

    Args:
        picture: with its tiles.
        part: 0 (training), 1 (validation) or 2 (test).
    """
    tiles = _tiles(picture.pixels)  # (rows, columns, 64, 64, 3)
    windows = sliding_window_view(tiles, (PATCH, PATCH), axis=(2, 3))[:, :, ::STEP, ::STEP]  # a view, no copy
    chosen = (picture.parts == part)[:, :, None, None] & (_contrast(tiles) >= LEAST_CONTRAST)
    return torch.from_numpy(windows[chosen])


def _deal(pixels: Bytes, generator: np.random.Generator) -> NDArray[np.int64]:
    """Deal the tiles in random order: to the test until it has a fifth of the patches, to validation, the rest."""
    counts = (_contrast(_tiles(pixels)) >= LEAST_CONTRAST).sum(axis=(2, 3))
    parts = np.full(counts.shape, LEFT_OUT)
    places, dealt = np.argwhere(counts), [0, 0, 0]
    for row, column in generator.permutation(places):
        part = next(part for part in (2, 1, 0) if part == 0 or dealt[part] < counts.sum() / 5)
        parts[row, column] = part
        dealt[part] += counts[row, column]
    return parts


def _tiles(pixels: Bytes) -> Bytes:
    """(H, W, 3) -> (H // 64, W // 64, 64, 64, 3); what is left over at the right and below is not used."""
    rows, columns = pixels.shape[0] // TILE, pixels.shape[1] // TILE
    return pixels[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE, 3).swapaxes(1, 2)


def _contrast(tiles: Bytes) -> NDArray[np.float32]:
    """The standard deviation of the grey values of each patch: (R, C, 64, 64, 3) -> (R, C, 5, 5).

    A patch is a square of blocks of 8x8, so its two moments are means of theirs.
    """
    rows, columns, blocks = *tiles.shape[:2], TILE // STEP
    grey = np.add.reduce([tiles[..., channel].astype(np.float32) for channel in range(3)]) / (3 * 255)
    moments = []
    for values in (grey, grey**2):
        means = values.reshape(rows, columns, blocks, STEP, blocks, STEP).mean(axis=(3, 5))
        squares = sliding_window_view(means, (PATCH // STEP, PATCH // STEP), axis=(2, 3))
        moments.append(squares.mean(axis=(4, 5)))
    variance: NDArray[np.float32] = np.maximum(moments[1] - moments[0] ** 2, 0)
    return np.sqrt(variance)


def _draw(patches: Tensor, count: int, generator: torch.Generator) -> Tensor:
    return patches[torch.randperm(len(patches), generator=generator)[:count]]


def _read(package: str, file: str) -> Bytes:
    spec = find_spec(package)
    folder = Path(spec.origin).parent if spec and spec.origin else Path(package)
    try:
        with Image.open(folder / file) as image:
            return np.array(image.convert("RGB"))
    except OSError as error:
        raise DataError(
            f"{folder / file} should be a picture that comes with {package}, but could not be read: {error}. "
            f"Install the package anew, or load 'digits', which needs no picture."
        ) from error
