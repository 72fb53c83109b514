"""Names at the right end of lines, which read faster than a legend."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox, IdentityTransform

from helpers.plot.arrays import Floats
from helpers.plot.style import text_color


def spread(wanted: Floats, heights: Floats, *, low: float, high: float) -> Floats:
    """Move intervals as little as needed along a line so that none overlap.

    Args:
        wanted: centers, shape (N,).
        heights: lengths, shape (N,).
        low, high: the intervals stay between the two where they fit.

    Returns:
        The new centers, in the order given. Runs of touching intervals are centered on their wanted mean.
    """
    order = np.lexsort((-np.arange(len(wanted)), wanted))  # of equals, the first comes on top
    groups: list[tuple[list[int], float]] = []  # indices from bottom to top, and the center of the whole
    for index in order:
        members, center = [int(index)], float(wanted[index])
        while True:
            half = heights[members].sum() / 2
            center = max(min(center, high - half), low + half)
            if not groups or groups[-1][1] + heights[groups[-1][0]].sum() / 2 <= center - half:
                break
            members = groups.pop()[0] + members
            center = float(wanted[members].mean())
        groups.append((members, center))
    placed = np.empty_like(wanted)
    for members, center in groups:
        tops = center - heights[members].sum() / 2 + np.cumsum(heights[members])
        placed[members] = tops - heights[members] / 2
    return placed


class EndLabels(Artist):
    """The label of each line, beside its last point and clear of the other labels.

    The labels find their places when the figure is drawn, so that they follow later changes of limits,
    scales and layout. A thin leader joins a label with its line.
    """

    gap = 12.0  # points between the axes and the labels

    def __init__(self, ax: Axes, lines: Sequence[Line2D]) -> None:
        """Make a label for each line of the axes; the caller adds the artist to the axes."""
        super().__init__()
        self.lines = list(lines)
        self.texts = [self._text(ax, line) for line in lines]
        self.leaders = [self._leader(ax, line) for line in lines]
        self.set_clip_on(False)
        self.set_zorder(4)

    @staticmethod
    def _text(ax: Axes, line: Line2D) -> Text:
        color = text_color(str(line.get_color()))
        text = Text(0, 0, str(line.get_label()), color=color, va="center_baseline", fontsize="medium")
        text.set_figure(ax.figure)
        text.set_transform(IdentityTransform())
        return text

    @staticmethod
    def _leader(ax: Axes, line: Line2D) -> Line2D:
        leader = Line2D([], [], color=line.get_color(), linewidth=0.9, linestyle="-", alpha=0.8)
        leader.set_figure(ax.figure)
        leader.set_transform(IdentityTransform())
        return leader

    def get_children(self) -> list[Artist]:
        """Return what is drawn."""
        return [*self.leaders, *self.texts]

    def place(self, renderer: RendererBase | None) -> None:
        """Set the position of every label and leader, in pixels."""
        assert self.axes is not None
        box, point = self.axes.bbox, self.axes.figure.dpi / 72
        ends = self._ends()
        heights = np.array([text.get_window_extent(renderer).height + 2 * point for text in self.texts])
        centers = spread(ends[:, 1], heights, low=box.y0, high=box.y1)
        x = box.x1 + self.gap * point
        for text, leader, end, y in zip(self.texts, self.leaders, ends, centers, strict=True):
            text.set_position((x, y))
            leader.set_data([end[0], x - 2 * point], [end[1], y])

    def _ends(self) -> Floats:
        """Return the last point of each line that the axes can show, in pixels, shape (N, 2)."""
        assert self.axes is not None
        box, ends = self.axes.bbox, []
        for line in self.lines:
            points = line.get_transform().transform(np.column_stack([line.get_xdata(), line.get_ydata()]))
            shown = points[np.isfinite(points).all(axis=1)]
            ends.append(shown[-1] if len(shown) else (box.x1, box.y0))
        return np.clip(np.array(ends, dtype=np.float64), box.min, box.max)

    def draw(self, renderer: RendererBase) -> None:
        """Place the labels for the size and limits of now, and draw them."""
        if self.get_visible():
            self.place(renderer)
            for child in self.get_children():
                child.draw(renderer)

    def get_window_extent(self, renderer: RendererBase | None = None) -> Bbox:
        """Return the box around the labels, in pixels."""
        self.place(renderer)
        return Bbox.union([text.get_window_extent(renderer) for text in self.texts])

    def get_tightbbox(self, renderer: RendererBase | None = None) -> Bbox:
        """Return the room that the layout has to leave."""
        return self.get_window_extent(renderer)
