"""Tables of numbers with colored cells."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.image import AxesImage

from helpers.plot.arrays import Floats, Numbers, check_count, numbers
from helpers.plot.style import FAINT, INK, ink_on, new_axes


def confusion_matrix(matrix: Numbers, classes: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Show how often each true class (row) got each prediction (column).

    The count stands in the cell; the cell's color shows the share of its row.

    Args:
        matrix: counts, shape (K, K).
        classes: K names.
        ax: the axes to draw on; a new figure's unless given.

    Raises:
        ValueError: the matrix is not (K, K), or has negative or fractional counts.
    """
    counts = numbers(matrix, "matrix", shape=(len(classes), len(classes)))
    if (counts < 0).any() or (counts != counts.round()).any():
        raise ValueError("matrix: expected counts (whole numbers, 0 or more), got other values")
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    ax = ax or new_axes()
    image = ax.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    _write(ax, image, shares, texts=[[f"{count:.0f}" for count in row] for row in counts])
    _frame(ax, rows=classes, columns=classes)
    ax.set(xlabel="predicted", ylabel="true")
    return ax


def heatmap(
    values: Numbers,
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    decimals: int = 2,
    diverging: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Show a table of numbers as colored cells with the number in each.

    Args:
        values: shape (R, C).
        rows, columns: names, R and C of them; by default the indices.
        decimals: digits after the point.
        diverging: two hues that meet in white at 0, on a scale symmetric about 0.
        ax: the axes to draw on; a new figure's unless given.
    """
    table = numbers(values, "values", shape=("R", "C"))
    check_count(rows, table.shape[0], name="rows", of="row")
    check_count(columns, table.shape[1], name="columns", of="column")
    ax = ax or new_axes()
    if diverging:
        limit = float(np.nanmax(np.abs(table))) or 1.0
        image = ax.imshow(table, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
    else:
        image = ax.imshow(table, cmap="Blues", aspect="auto")
    _write(ax, image, table, texts=[[f"{value:.{decimals}f}" for value in row] for row in table])
    _frame(ax, rows=rows or _indices(table, 0), columns=columns or _indices(table, 1))
    return ax


def _indices(table: Floats, axis: int) -> list[str]:
    return [str(index) for index in range(table.shape[axis])]


def _write(ax: Axes, image: AxesImage, table: Floats, *, texts: Sequence[Sequence[str]]) -> None:
    """Write a text into each cell, in the ink that reads on the cell's color."""
    colors = np.asarray(image.get_cmap()(image.norm(table)))
    size = 12 if len(texts) <= 6 else 11
    for row, column in np.ndindex(*table.shape):
        red, green, blue = colors[row, column, :3]
        background = to_hex((red, green, blue))
        text = texts[row][column]
        ink = ink_on(background)
        color = FAINT if text == "0" and ink == INK else ink
        ax.text(column, row, text, ha="center", va="center_baseline", color=color, fontsize=size)


def _frame(ax: Axes, *, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Name rows and columns, and part the cells by white lines instead of a grid."""
    slant = 0 if sum(map(len, columns)) <= 40 else 40
    ax.set_xticks(
        range(len(columns)),
        columns,
        rotation=slant,
        ha="right" if slant else "center",
        rotation_mode="anchor" if slant else None,
    )
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(visible=False)
    ax.set_xticks(np.arange(0.5, len(columns) - 1), minor=True)
    ax.set_yticks(np.arange(0.5, len(rows) - 1), minor=True)
    ax.grid(which="minor", color="white", linewidth=1.5)
    ax.set_axisbelow(False)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
