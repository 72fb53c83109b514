"""Curves over a shared x: losses, metrics, activations, optimizer paths."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from helpers.plot.arrays import Numbers, numbers
from helpers.plot.labels import label_ends
from helpers.plot.style import CYCLE, DASHES


class Epoch(Protocol):
    """What a learning curve needs to know of an epoch; `train.epochs` yields such objects."""

    @property
    def number(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def valid_loss(self) -> float | None: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...


def curves(
    ax: Axes,
    x: Numbers,
    lines: Mapping[str, Numbers],
    *,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    labels: Literal["end", "legend"] = "end",
) -> Axes:
    """Draw one line per name, each with its own color and dashes, and the name beside its right end.

    Args:
        ax: the axes to draw on.
        x: shape (N,).
        lines: name -> values of shape (N,).
        labels: "end" writes the names beside the lines (a legend if there are more than eight);
            "legend" suits lines that end in one point.

    Raises:
        ValueError: a shape does not fit, or there is nothing to draw.
    """
    xs = numbers(x, "x", shape=("N",))
    if not lines or not len(xs):
        raise ValueError(f"curves: expected at least one line and one point, got {len(lines)} and {len(xs)}")
    marker = "o" if len(xs) == 1 else None
    drawn = []
    for index, (name, values) in enumerate(lines.items()):
        y = numbers(values, f"lines[{name!r}]", shape=(len(xs),))
        style = {"color": CYCLE[index % len(CYCLE)], "linestyle": DASHES[index % len(DASHES)]}
        drawn += ax.plot(xs, y, label=name, marker=marker, **style)  # type: ignore[arg-type]
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ending = [line for line in drawn if np.isfinite(line.get_ydata()).any()]
    if labels == "legend" or len(drawn) > 8:
        ax.legend()
    elif ending:
        ax.margins(x=0.01)
        label_ends(ax, ending)
    return ax


def learning_curves(
    history: Sequence[Epoch], ax: Axes | Sequence[Axes], *, metric: str | None = None
) -> Axes | Sequence[Axes]:
    """Draw training and validation loss over the epochs and, on a second axes, one metric.

    Args:
        history: epochs as `train.epochs` yields them.
        ax: one axes for the losses, or two: the losses, then the metric.
        metric: the metric's name in each epoch's `metrics`; needs two axes.

    Raises:
        ValueError: the history is empty, the metric unknown, or the number of axes does not fit.
    """
    if not history:
        raise ValueError("history: expected at least one epoch, got none")
    panels = [ax] if isinstance(ax, Axes) else list(ax)
    if len(panels) != (1 if metric is None else 2):
        want = "one axes without a metric" if metric is None else f"two axes to show the metric {metric!r}"
        raise ValueError(f"ax: expected {want}, got {len(panels)}")
    losses: dict[str, Numbers] = {"training": [epoch.loss for epoch in history]}
    if any(_known(epoch.valid_loss) for epoch in history):
        losses["validation"] = [
            epoch.valid_loss if _known(epoch.valid_loss) else np.nan for epoch in history
        ]
    _over_epochs(history, panels[0], lines=losses, ylabel="loss")
    if metric is not None:
        _over_epochs(history, panels[1], lines={metric: _metric(history, metric)}, ylabel=metric)
    return ax


def _over_epochs(history: Sequence[Epoch], ax: Axes, *, lines: Mapping[str, Numbers], ylabel: str) -> None:
    curves(ax, [epoch.number for epoch in history], lines, xlabel="epoch", ylabel=ylabel)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def _known(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(float(value)))


def _metric(history: Sequence[Epoch], name: str) -> list[float]:
    for epoch in history:
        if name not in epoch.metrics:
            known = ", ".join(epoch.metrics) or "no metric"
            raise ValueError(f"metric: epoch {epoch.number} has {known}, but not {name!r}")
    return [float(epoch.metrics[name]) for epoch in history]
