"""Slices through volumes, with regions laid over them in color."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch

from helpers.plot.arrays import Numbers, numbers
from helpers.plot.style import COLORS, new_axes

# One for each class from 1: far apart in color-blind vision, and none of them a grey.
REGIONS = tuple(COLORS[name] for name in ("bluish green", "sky blue", "orange", "vermillion", "reddish purple"))


def overlay(
    image: Numbers,
    labels: Numbers | None = None,
    *,
    opacity: float = 0.6,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw one slice in grey, and the regions of its labels over it in color.

    Args:
        image: shape (H, W).
        labels: 0 (no color) to 5, shape (H, W).
        opacity: of the regions, 0 to 1.
        title: above the slice.
        ax: the axes to draw on, whose ticks are taken away; a new figure's unless given.

    Raises:
        ValueError: the shapes differ, or a label is no whole number from 0 to 5.
    """
    picture = numbers(image, "image", shape=("H", "W"))
    ax = ax or new_axes()
    ax.imshow(picture, cmap="gray", interpolation="nearest")
    if labels is not None:
        regions = numbers(labels, "labels", shape=picture.shape)
        if not np.isin(regions, range(len(REGIONS) + 1)).all():
            raise ValueError(f"labels: expected whole numbers from 0 to {len(REGIONS)}, got others")
        shown = np.ma.masked_equal(regions, 0)
        ax.imshow(
            shown, cmap=ListedColormap(REGIONS), vmin=1, vmax=len(REGIONS), alpha=opacity, interpolation="nearest"
        )
    ax.set_title(title)
    ax.set_axis_off()
    return ax


def region_legend(names: Sequence[str], *, figure: Figure | None = None) -> Legend:
    """Add a legend of the regions' colors below a figure.

    Args:
        names: of the classes from 1, at most 5.
        figure: laid out by matplotlib's constrained layout, which makes room; the current figure unless given.

    Raises:
        ValueError: there are more names than colors.
    """
    if len(names) > len(REGIONS):
        raise ValueError(f"names: expected at most {len(REGIONS)}, one for each color, got {len(names)}")
    patches = [Patch(color=color, label=name) for color, name in zip(REGIONS, names, strict=False)]
    figure = figure or plt.gcf()
    return figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), handlelength=1.2)
