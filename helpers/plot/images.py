"""Many small images side by side."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from helpers.plot.arrays import AxesArray, Floats, Numbers, check_count, numbers

WIDTH = 7.0  # inches, the width of the course's figures
BAR = 0.95  # inches, what a color bar takes of it


def image_grid(
    images: Numbers,
    *,
    titles: Sequence[object] | None = None,
    columns: int = 8,
    ax: Axes | AxesArray | None = None,
) -> AxesArray:
    """Show images in a grid, row by row, on one common grey scale.

    Args:
        images: (N, H, W) or (N, 1, H, W) in grey, or (N, 3, H, W) in color with values in [0, 1] or uint8.
        titles: N titles, one above each image.
        columns: images in a row of a new figure.
        ax: one axes for each image; those that are left over are hidden. A new figure's unless given.

    Returns:
        The axes, flat.

    Raises:
        ValueError: a shape or number of titles or axes does not fit, or a color is out of range.
    """
    pictures = _pictures(images)
    low, high = float(pictures.min()), float(pictures.max())
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    cells = _cells(ax, pictures, columns=columns, titled=titles is not None)
    _fill(cells, pictures, titles, cmap="gray", vmin=low, vmax=high)
    return cells


def weight_images(
    weights: Numbers,
    *,
    titles: Sequence[object] | None = None,
    shape: tuple[int, int] | None = None,
    ax: Axes | AxesArray | None = None,
) -> AxesArray:
    """Show weight vectors as images: one scale for all, red above zero, blue below, white at zero.

    Args:
        weights: (K, H * W) with `shape` given, or (K, H, W).
        titles: K titles.
        shape: (H, W).
        ax: one axes for each image; those that are left over are hidden. A new figure's unless given.

    Returns:
        The axes, flat.

    Raises:
        ValueError: a shape or number of titles or axes does not fit.
    """
    if shape is None:
        pictures = numbers(weights, "weights", shape=("K", "H", "W"))
    else:
        flat = numbers(weights, "weights", shape=("K", shape[0] * shape[1]))
        pictures = flat.reshape(-1, *shape)
    limit = float(np.abs(pictures).max()) or 1.0
    cells = _cells(ax, pictures, columns=5, titled=titles is not None, aside=BAR)
    image = _fill(cells, pictures, titles, cmap="RdBu_r", vmin=-limit, vmax=limit)
    bar = cells[0].figure.colorbar(image, ax=list(cells), label="weight", aspect=25, pad=0.02)
    bar.outline.set_visible(False)
    return cells


def _fill(cells: AxesArray, pictures: Floats, titles: Sequence[object] | None, **look: Any) -> AxesImage:
    """Draw each image into its cell, and return the last one drawn; cells that are left over stay empty."""
    check_count(titles, len(pictures), name="titles", of="image")
    for cell in cells:
        cell.set_axis_off()
    for index, picture in enumerate(pictures):
        image: AxesImage = cells[index].imshow(picture, **look)
        cells[index].set_title("" if titles is None else str(titles[index]), fontsize="medium")
    return image


def _pictures(images: Numbers) -> Floats:
    """Return (N, H, W) in grey or (N, H, W, 3) in color."""
    array = numbers(images, "images", shape=("N", "H", "W"), other=("N", "C", "H", "W"))
    if array.ndim == 3:
        return array
    if array.shape[1] == 1:
        return array[:, 0]
    if array.shape[1] != 3:
        raise ValueError(f"images: expected 1 or 3 channels, shape (N, C, H, W), got {array.shape}")
    if str(getattr(images, "dtype", "")).endswith("uint8"):
        array = array / 255
    if array.min() < 0 or array.max() > 1:
        raise ValueError(
            f"images: expected colors in [0, 1], got {array.min():.3g} to {array.max():.3g}; "
            "undo the normalization before drawing"
        )
    return np.moveaxis(array, 1, -1)


def _cells(
    ax: Axes | AxesArray | None, pictures: Floats, *, columns: int, titled: bool, aside: float = 0.0
) -> AxesArray:
    """Return enough axes as a flat array, making a figure if none are given; `aside` inches stay free."""
    if ax is not None:
        cells = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        if len(cells) < len(pictures):
            raise ValueError(f"ax: expected at least {len(pictures)}, one for each image, got {len(cells)}")
        return cells
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    size = min((WIDTH - aside) / columns, 2.0)
    height = size * pictures.shape[1] / pictures.shape[2] + (0.3 if titled else 0.0)
    _, grid = plt.subplots(rows, columns, figsize=(WIDTH, rows * height), squeeze=False)
    return grid.ravel()
