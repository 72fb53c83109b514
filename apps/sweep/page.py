"""The page of a sweep: one HTML file that needs no network, no script and no other file."""

import html
from collections.abc import Sequence
from pathlib import Path

from apps.sweep import charts
from apps.sweep.config import SweepConfig
from apps.sweep.results import Row, best_first, show_settings, show_value
from helpers.files import write_whole

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #262626; --faint: #595959; --rule: #d0d0d0;
  --line: #0072b2; --best: #d55e00; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e6e6e6; --faint: #a6a6a6; --rule: #3c4046;
  --line: #6cb8e6; --best: #ff9d57; } }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 54rem; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
p { margin: 0.5rem 0; } a { color: var(--line); } .faint { color: var(--faint); }
svg { display: block; overflow: visible; }
svg text { fill: var(--ink); font-size: 13px; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
svg .tick { fill: var(--faint); font-size: 12px; }
svg .name { font-weight: 600; } svg .axis { stroke: var(--rule); stroke-width: 1.5; }
.trial line { stroke: var(--line); } svg circle { fill: var(--line); }
.trial line { stroke-width: 1.5; } .shade-0 { opacity: 0.3; } .shade-1 { opacity: 0.45; }
.shade-2 { opacity: 0.65; } .shade-3 { opacity: 0.9; }
.trial.best line, svg line.best { stroke: var(--best); stroke-width: 3; }
.trial:hover { opacity: 1; } .trial:hover line { stroke: var(--ink); stroke-width: 4; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--rule); padding: 0.35rem 0.6rem 0.35rem 0; text-align: right;
  white-space: nowrap; } th:first-child, td:first-child { text-align: left; }
th.end, td.end { text-align: left; white-space: normal; min-width: 12rem; padding-left: 0.8rem; }
"""


def write_page(out: Path, config: SweepConfig, table: Sequence[Row]) -> None:
    """Write ``index.html`` into the output folder."""
    title = html.escape(f"Sweep of {config.notebook.stem}")
    parts = [_summary(config, table), *_charts(config, table), *_tables(out, config, table)]
    body = "\n".join([f"<h1>{title}</h1>", *parts])
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""
    write_whole(out / "index.html", page.encode())


def _summary(config: SweepConfig, table: Sequence[Row]) -> str:
    states = [row["state"] for row in table]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "no trial yet"
    best = best_first(table, config.direction)[:1]
    words = [f"{config.direction.capitalize()} <b>{html.escape(config.metric)}</b>. Trials: {counts}."]
    for row in best:
        settings = html.escape(show_settings(row))
        words.append(f"Best: {show_value(row['value'])} in trial {row['number']}, with {settings}.")
    if config.fixed:
        fixed = ", ".join(f"{name} {show_value(value)}" for name, value in config.fixed.items())
        words.append(f"Fixed: {html.escape(fixed)}.")
    note = "The best of many noisy values is a little too good: train the winner again, from other seeds."
    return f'<p>{" ".join(words)}</p><p class="faint">{note}</p>'


def _charts(config: SweepConfig, table: Sequence[Row]) -> list[str]:
    if not any(row["value"] is not None for row in table):
        return []
    how = (
        "Each line is a trial, from its settings down to its value: the stronger, the better. Point at one to read it; "
        "the table below lists them all."
    )
    return [
        f'<h2>All complete trials</h2><p class="faint">{how}</p>',
        charts.parallel_coordinates(config.space, table, metric=config.metric, direction=config.direction),
        "<h2>In the order of the trials</h2>",
        charts.optimization_history(table, direction=config.direction),
    ]


def _tables(out: Path, config: SweepConfig, table: Sequence[Row]) -> list[str]:
    ranked = best_first(table, config.direction)
    rest = [row for row in table if row["value"] is None]
    names = list(config.space)
    parts = []
    if ranked:
        rows = [_cells(out, row, names, [show_value(row["value"])]) for row in ranked]
        parts += ["<h2>Complete, best first</h2>", _table("complete", ["trial", "value", *names, "seconds"], rows)]
    if rest:
        rows = [_cells(out, row, names, [row["state"]], _error(row)) for row in rest]
        parts += [
            "<h2>Without a result</h2>",
            _table("without a result", ["trial", "state", *names, "seconds", "error"], rows),
        ]
    return parts


def _cells(out: Path, row: Row, names: Sequence[str], first: Sequence[str], *end: str) -> list[str]:
    link = html.escape(row["notebook"])
    number = f'<a href="{link}">{row["number"]}</a>' if (out / row["notebook"]).exists() else str(row["number"])
    values = [*first, *(show_value(row["parameters"][name]) for name in names), show_value(row["seconds"] or "")]
    return [number, *map(html.escape, values), *map(html.escape, end)]


def _error(row: Row) -> str:
    return "" if row["error"] in (None, row["state"]) else row["error"]


def _table(name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        marked = [f"<{tag}{_end(heads, at)}>{cell}</{tag}>" for at, cell in enumerate(cells)]
        return f"<tr>{''.join(marked)}</tr>"

    lines = [line("th", [html.escape(head) for head in heads]), *(line("td", row) for row in rows)]
    region = f'class="wide" tabindex="0" role="region" aria-label="Trials {name}"'  # keys scroll what has the focus
    return f"<div {region}><table>{''.join(lines)}</table></div>"


def _end(heads: Sequence[str], at: int) -> str:
    return ' class="end"' if heads[at] == "error" else ""
