"""Two charts of a sweep as SVG: every trial across all axes, and the values in the order of the trials.

Optuna draws the same two. Its Plotly version brings megabytes of script into each page, and its Matplotlib version is
one picture of fixed size and colors, which a phone and a dark page cannot read.

Horizontal places are percentages and vertical ones are pixels, so that the same picture fits a phone and a desk
without a script, and its text keeps its size. Colors come from the page, which knows light and dark.
"""

import html
import math
from collections.abc import Sequence
from itertools import pairwise

from optuna.distributions import CategoricalDistribution, FloatDistribution

from apps.sweep.notebook import Value
from apps.sweep.results import Row, best_first, show_settings, show_value
from apps.sweep.search_space import Distribution, SearchSpace

LEFT, WIDTH = 3.0, 94.0  # percent
ROW, TOP = 68, 34  # pixels
SHADES = 4  # classes shade-0 (worst) to shade-3


def ticks(axis: Distribution) -> list[tuple[float, str]]:
    """Return (position from 0 to 1, text) of an axis's ticks."""
    if isinstance(axis, CategoricalDistribution):
        return [((index + 0.5) / len(axis.choices), str(choice)) for index, choice in enumerate(axis.choices)]
    low, high = float(axis.low), float(axis.high)
    inner = {(low + high) / 2}
    if axis.log:
        first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
        inner = {10.0**power for power in range(first, last + 1, max(1, (last - first) // 3))}
    chosen: list[tuple[float, str]] = []
    for value in sorted({low, high, *inner}):  # a tick that would touch its neighbor gives way, the ends stay
        at = position(axis, value)
        if value not in (low, high) and (at - (chosen[-1][0] if chosen else 0) < 0.16 or at > 0.84):
            continue
        chosen.append((at, f"{value:.4g}"))
    return chosen


def position(axis: Distribution, value: Value) -> float:
    """Return where a value lies on its axis, 0 to 1."""
    if isinstance(axis, CategoricalDistribution):
        return (axis.choices.index(value) + 0.5) / len(axis.choices)
    low, high, at = float(axis.low), float(axis.high), float(value)
    if axis.log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    return (at - low) / (high - low)


def parallel_coordinates(space: SearchSpace, table: Sequence[Row], *, metric: str, direction: str) -> str:
    """Draw each complete trial as a path down through all axes to its value; the best one stands out.

    Args:
        space: one row for each parameter.
        table: the trials.
        metric: name of the last row, the value.
        direction: "maximize" or "minimize".
    """
    ranked = best_first(table, direction)
    values = [row["value"] for row in ranked]
    low, high = min(values), max(values)
    value_axis = FloatDistribution(low, high if high > low else low + 1)
    axes = [*space.items(), (metric, value_axis)]
    drawn = []
    for rank, row in reversed(list(enumerate(ranked))):
        at = [position(axis, row["parameters"][name]) for name, axis in space.items()]
        shade = SHADES - 1 - rank * SHADES // len(ranked)
        style = f"shade-{shade}" if rank else "best"
        drawn.append(_path([*at, position(value_axis, row["value"])], style, title=_title(row)))
    drawn += [_scale(name, axis, TOP + ROW * index) for index, (name, axis) in enumerate(axes)]  # text stays legible
    return _svg(drawn, TOP + ROW * len(space) + 30, label=f"All complete trials across {len(space)} parameters")


def optimization_history(table: Sequence[Row], *, direction: str) -> str:
    """Draw the value of each complete trial over its number, and the best so far."""
    done = [row for row in table if row["value"] is not None]
    low, high = min(row["value"] for row in done), max(row["value"] for row in done)
    span, most, height = (high - low) or 1.0, max(1, table[-1]["number"]), 150
    drawn = [
        _line(0, height, 1, height, "axis"),
        _text(0, 16, f"value: {show_value(low)} to {show_value(high)}", "name"),
    ]
    drawn += [_text(0, height + 18, "trial 0", "tick"), _text(1, height + 18, str(table[-1]["number"]), "tick", "end")]
    better = max if direction == "maximize" else min
    best, before = done[0]["value"], done[0]["number"] / most
    for row in done:
        x, y = row["number"] / most, height - 8 - (row["value"] - low) / span * (height - 40)
        level = height - 8 - (best - low) / span * (height - 40)
        best = better(best, row["value"])
        now = height - 8 - (best - low) / span * (height - 40)
        drawn += [_line(before, level, x, level, "best"), _line(x, level, x, now, "best")]
        drawn.append(f'<circle cx="{_x(x)}" cy="{y:.1f}" r="4"><title>{_title(row)}</title></circle>')
        before = x
    return _svg(drawn, height + 26, label="The value of each trial, and the best so far")


def _scale(name: str, axis: Distribution, y: int) -> str:
    parts = [_line(0, y, 1, y, "axis"), _text(0, y - 12, name, "name")]
    for at, text in ticks(axis):
        anchor = "start" if at < 0.08 else "end" if at > 0.92 else "middle"
        parts += [_line(at, y - 4, at, y + 4, "axis"), _text(at, y + 19, text, "tick", anchor)]
    return "".join(parts)


def _path(at: Sequence[float], style: str, *, title: str) -> str:
    lines = [_line(a, TOP + ROW * index, b, TOP + ROW * (index + 1), "") for index, (a, b) in enumerate(pairwise(at))]
    return f'<g class="trial {style}"><title>{title}</title>{"".join(lines)}</g>'


def _title(row: Row) -> str:
    return html.escape(f"trial {row['number']}: {show_settings(row)}; value {show_value(row['value'])}")


def _x(at: float) -> str:
    return f"{LEFT + WIDTH * at:.2f}%"


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    name = f' class="{style}"' if style else ""
    return f'<line x1="{_x(x1)}" y1="{y1:.1f}" x2="{_x(x2)}" y2="{y2:.1f}"{name}/>'


def _text(at: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    return f'<text x="{_x(at)}" y="{y}" class="{style}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _svg(parts: Sequence[str], height: int, *, label: str) -> str:
    return f'<svg role="img" aria-label="{html.escape(label)}" width="100%" height="{height}">{"".join(parts)}</svg>'
