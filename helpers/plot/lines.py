"""Curves over a shared x: losses, metrics, activations, optimizer paths."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from helpers.plot.arrays import AxesArray, Floats, Numbers, numbers
from helpers.plot.labels import EndLabels
from helpers.plot.style import look, new_axes


class Epoch(Protocol):
    """What a learning curve needs to know of an epoch; `train.fit` returns such objects."""

    @property
    def number(self) -> int:
        """Which epoch, from 1."""
        ...

    @property
    def loss(self) -> float:
        """Mean training loss."""
        ...

    @property
    def valid_loss(self) -> float | None:
        """Validation loss, where there is one."""
        ...

    @property
    def metrics(self) -> Mapping[str, float]:
        """Name -> value."""
        ...


def curves(
    x: Numbers,
    lines: Mapping[str, Numbers],
    *,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    labels: Literal["end", "legend", "none"] = "end",
    ax: Axes | None = None,
) -> Axes:
    """Draw one line per name, each with its own color and dashes, and the name beside its right end.

    Args:
        x: shape (N,).
        lines: name -> values of shape (N,); an empty name is not written.
        labels: "end" writes the names beside the lines (a legend if there are more than eight);
            "legend" suits lines that end in one point; "none" leaves the names out.
        ax: the axes to draw on; a new figure's unless given.

    Raises:
        ValueError: a shape does not fit, or there is nothing to draw.
    """
    xs = numbers(x, "x", shape=("N",))
    if not lines:
        raise ValueError("lines: expected at least one name with its values, got none")
    ax = ax or new_axes()
    drawn = [_line(ax, xs, values, name=name, index=index) for index, (name, values) in enumerate(lines.items())]
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.margins(x=0.01)
    named = [line for line, name in zip(drawn, lines, strict=True) if name]
    if named and (labels == "legend" or (labels == "end" and len(named) > 8)):
        ax.legend()
    elif named and labels == "end":
        ax.add_artist(EndLabels(ax, named))
    return ax


def learning_curves(
    history: Sequence[Epoch], *, metric: str | None = None, ax: Axes | Sequence[Axes] | AxesArray | None = None
) -> Axes | Sequence[Axes] | AxesArray:
    """Draw training and validation loss over the epochs and, on a second axes, one metric.

    Args:
        history: epochs, as `train.fit` returns them.
        metric: the metric's name in each epoch's `metrics`; needs two axes.
        ax: one axes for the losses, or two: the losses, then the metric; a new figure's unless given.

    Raises:
        ValueError: the history is empty, the metric unknown, or the number of axes does not fit.
    """
    if not history:
        raise ValueError("history: expected at least one epoch, got none")
    if ax is None:
        ax = new_axes() if metric is None else new_axes(columns=2)
    panels = [ax] if isinstance(ax, Axes) else list(ax)
    if len(panels) != (1 if metric is None else 2):
        want = "one axes without a metric" if metric is None else f"two axes to show the metric {metric!r}"
        raise ValueError(f"ax: expected {want}, got {len(panels)}")
    losses: dict[str, Numbers] = {"training": [epoch.loss for epoch in history]}
    if any(_known(epoch.valid_loss) for epoch in history):
        losses["validation"] = [epoch.valid_loss if _known(epoch.valid_loss) else np.nan for epoch in history]
    steps = [epoch.number for epoch in history]
    curves(steps, losses, xlabel="epoch", ylabel="loss", ax=panels[0])
    if metric is not None:
        # The look of the loss over the same examples: the validation set's, where there is one.
        look_of = len(losses) - 1
        _line(panels[1], numbers(steps, "x", shape=("N",)), _metric(history, metric), name=metric, index=look_of)
        panels[1].set(xlabel="epoch", ylabel=metric)
        panels[1].margins(x=0.01)
    for panel in panels:
        panel.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    return ax


def _line(ax: Axes, x: Floats, values: Numbers, *, name: str, index: int) -> Line2D:
    """Draw one line; a single point gets a marker, so that it can be seen."""
    y = numbers(values, f"lines[{name!r}]", shape=(len(x),), finite=False)
    color, dashes, marker = look(index)
    (line,) = ax.plot(x, y, color=color, linestyle=dashes, marker=marker if len(x) == 1 else None, label=name or "_")
    return line


def _known(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(float(value)))


def _metric(history: Sequence[Epoch], name: str) -> list[float]:
    for epoch in history:
        if name not in epoch.metrics:
            known = ", ".join(epoch.metrics) or "no metric"
            raise ValueError(f"metric: epoch {epoch.number} has {known}, but not {name!r}")
    return [float(epoch.metrics[name]) for epoch in history]
