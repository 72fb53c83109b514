"""How good a classifier's scores are: over thresholds, and over seeds."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from matplotlib.axes import Axes

from helpers.plot.arrays import Floats, Numbers, named, numbers
from helpers.plot.style import FAINT, look, new_axes


def roc(scores: Numbers | Mapping[str, Numbers], labels: Numbers, *, ax: Axes | None = None) -> Axes:
    """Draw the true-positive rate over the false-positive rate for every threshold.

    Args:
        scores: shape (N,), higher means the positive class; or name -> scores.
        labels: 0 or 1, shape (N,), both present.
        ax: the axes to draw on; a new figure's unless given.

    Raises:
        ValueError: a shape does not fit, or a class is missing.
    """
    ax = ax or new_axes()
    for index, (name, values) in enumerate(named(scores).items()):
        hits, alarms = _hits_and_alarms(values, labels)
        _step(ax, alarms / alarms[-1], hits / hits[-1], name=name, index=index)
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle="-", label="chance")
    ax.set(xlabel="false-positive rate", ylabel="true-positive rate")
    return _unit_square(ax, legend="lower right")


def precision_recall(scores: Numbers | Mapping[str, Numbers], labels: Numbers, *, ax: Axes | None = None) -> Axes:
    """Draw precision over recall for every threshold; arguments as in `roc`."""
    ax = ax or new_axes()
    for index, (name, values) in enumerate(named(scores).items()):
        hits, alarms = _hits_and_alarms(values, labels)
        precision = hits[1:] / (hits[1:] + alarms[1:])
        recall = hits[1:] / hits[-1]
        _step(ax, np.append(0.0, recall), np.append(precision[0], precision), name=name, index=index)
    base = float(hits[-1] / (hits[-1] + alarms[-1]))
    ax.axhline(base, color=FAINT, linewidth=1, linestyle="-", label="chance")
    ax.set(xlabel="recall", ylabel="precision")
    return _unit_square(ax, legend="lower left")


def seeds_with_error_bars(results: Mapping[str, Numbers], *, xlabel: str = "", ax: Axes | None = None) -> Axes:
    """Show every seed's result as a dot, with mean and standard deviation beside it, one row per name.

    Equal results are stacked upwards, so that every seed is seen.

    Args:
        results: name -> one value per seed, shape (S,).
        xlabel: what the values are, with the unit.
        ax: the axes to draw on; a new figure's unless given.

    Raises:
        ValueError: a name has no values, or they are not one-dimensional.
    """
    ax, names = ax or new_axes(), list(results)
    for row, (name, values) in enumerate(named(results).items()):
        y = numbers(values, f"results[{name!r}]", shape=("S",))
        color, _, _ = look(row)
        std = float(y.std(ddof=1)) if len(y) > 1 else 0.0
        text = f"{y.mean():.3f} ± {std:.3f}" if len(y) > 1 else f"{y.mean():.3f}"
        ties = np.array([(y[:i] == value).sum() for i, value in enumerate(y)])
        height = row - ties * min(0.09, 0.3 / max(1, ties.max()))
        ax.scatter(y, height, s=40, color=color, alpha=0.55, linewidths=0, zorder=3)
        ax.errorbar(y.mean(), row + 0.22, xerr=std, color=color, marker="d", capsize=4, linestyle="none", zorder=4)
        ax.text(
            y.mean(), row + 0.3, text, ha="center", va="top", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1}
        )
    ax.set_yticks(range(len(names)), names)
    ax.margins(x=0.1)
    ax.set(xlabel=xlabel, ylim=(len(names) - 0.3, -0.4))
    ax.grid(visible=False, axis="y")
    return ax


def _binary(values: Numbers, labels: Numbers) -> tuple[Floats, Floats]:
    scores = numbers(values, "scores", shape=("N",))
    target = numbers(labels, "labels", shape=(len(scores),))
    if not np.isin(target, (0, 1)).all():
        raise ValueError(f"labels: expected 0 and 1, got {np.unique(target)[:5].tolist()}")
    return scores, target


def _hits_and_alarms(values: Numbers, labels: Numbers) -> tuple[Floats, Floats]:
    """Return the true and the false positives at each threshold, from none to all."""
    scores, target = _binary(values, labels)
    if len(np.unique(target)) != 2:
        raise ValueError("labels: expected both classes, 0 and 1, got one")
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # equal scores move together
    hits = np.cumsum(target[order])[last]
    alarms = np.cumsum(1 - target[order])[last]
    return np.append(0.0, hits), np.append(0.0, alarms)


def _step(ax: Axes, x: Floats, y: Floats, *, name: str, index: int) -> None:
    color, dashes, _ = look(index)
    ax.plot(x, y, color=color, linestyle=dashes, label=name or "_")


def _unit_square(ax: Axes, *, legend: Literal["lower right", "lower left"]) -> Axes:
    ticks = (0.0, 0.25, 0.5, 0.75, 1.0)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=ticks, yticks=ticks)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend(loc=legend, handlelength=1.9)
    return ax
