"""Where a binary classifier changes its mind."""

from collections.abc import Callable

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray

from helpers.plot.arrays import Floats, Numbers, numbers
from helpers.plot.style import COLORS, INK, new_axes

CLASS_COLORS = (COLORS["blue"], COLORS["vermillion"])
TINTS = ("#D6E6F2", "#FBE3D3")
CLASS_MARKERS = ("o", "^")
RESOLUTION = 200  # grid points along each side


def decision_boundary(
    predict: Callable[[torch.Tensor], torch.Tensor],
    inputs: Numbers,
    labels: Numbers,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw labelled points and the two regions that a score parts.

    Args:
        predict: float32 tensor (M, 2) -> score (M,); positive means the second class, 0 is the boundary.
        inputs: points, shape (N, 2).
        labels: 0 and 1, or -1 and 1, shape (N,).
        ax: the axes to draw on; a new figure's unless given.

    Raises:
        ValueError: a shape does not fit, there are other labels, or predict returns classes 0 and 1.
    """
    points = numbers(inputs, "inputs", shape=("N", 2))
    second = _positive(labels, len(points))
    ax = ax or new_axes()
    _regions(predict, points, ax)
    for index, chosen in enumerate((~second, second)):
        x, y = points[chosen].T
        color, marker = CLASS_COLORS[index], CLASS_MARKERS[index]
        ax.scatter(x, y, s=42, color=color, marker=marker, edgecolors="white", linewidths=0.8, zorder=3)
    ax.grid(visible=False)
    return ax


def _positive(labels: Numbers, count: int) -> NDArray[np.bool_]:
    """Return which labels stand for the second class."""
    target = numbers(labels, "labels", shape=(count,))
    if not (np.isin(target, (0, 1)).all() or np.isin(target, (-1, 1)).all()):
        raise ValueError(f"labels: expected 0 and 1, or -1 and 1, got {np.unique(target)[:5].tolist()}")
    return target > 0


def _regions(predict: Callable[[torch.Tensor], torch.Tensor], points: Floats, ax: Axes) -> None:
    """Fill the two regions in light tints and draw the line where the score is 0."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.08 * np.where(high > low, high - low, 1.0)
    sides = np.linspace(low - margin, high + margin, RESOLUTION)
    x, y = np.meshgrid(sides[:, 0], sides[:, 1])
    grid = torch.tensor(np.column_stack([x.ravel(), y.ravel()]), dtype=torch.float32)
    with torch.no_grad():
        score = numbers(predict(grid), "predict(points)", shape=(len(grid),)).reshape(x.shape)
    if np.isin(score, (0, 1)).all():
        raise ValueError("predict(points): expected scores, negative for the first class, got only 0 and 1")
    bound = max(float(np.abs(score).max()), 1.0)
    ax.contourf(x, y, score, levels=[-bound, 0.0, bound], colors=TINTS)
    if score.min() < 0 < score.max():
        ax.contour(x, y, score, levels=[0.0], colors=INK, linewidths=1.8)
