"""The results of a sweep as data: one row per trial, in ``results.json`` and ``results.csv``."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.files import write_whole

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

Row = dict[str, Any]
COLUMNS = ("number", "state", "value", "seconds", "notebook", "error")


def rows(study: "Study", names: Sequence[str]) -> list[Row]:
    """Return one row per trial that has begun: COLUMNS, and under "parameters" the value of each of ``names``."""
    return [_row(trial, names) for trial in study.get_trials(deepcopy=False) if trial.state.name != "WAITING"]


def _row(trial: "FrozenTrial", names: Sequence[str]) -> Row:
    error = trial.user_attrs.get("error")
    states = {"COMPLETE": "complete", "PRUNED": "failed", "RUNNING": "running"}
    return {
        "number": trial.number,
        "state": states.get(trial.state.name, "failed" if error else "interrupted"),
        "value": trial.value,
        "parameters": {name: trial.params.get(name) for name in names},
        "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else None,
        "notebook": f"trials/{trial.number:04d}.ipynb",
        "error": error or trial.user_attrs.get("unused"),
    }


def write_results(out: Path, table: Sequence[Row]) -> None:
    """Write both files, each whole or not at all."""
    write_whole(out / "results.json", (json.dumps(table, indent=1) + "\n").encode())
    names = list(table[0]["parameters"]) if table else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*COLUMNS[:3], *names, *COLUMNS[3:]])
    for row in table:
        cells = [*(row[c] for c in COLUMNS[:3]), *row["parameters"].values(), *(row[c] for c in COLUMNS[3:])]
        writer.writerow(["" if cell is None else cell for cell in cells])
    write_whole(out / "results.csv", text.getvalue().encode())


def read_results(out: str | Path) -> list[Row]:
    """Read the results of a sweep.

    Args:
        out: the sweep's output folder.

    Returns:
        One row per trial, in the order in which they began: number, state ("complete", "failed", "interrupted" or
        "running"), value (None unless complete), parameters (name -> value), seconds, notebook (a path within
        ``out``) and error.
    """
    table: list[Row] = json.loads((Path(out) / "results.json").read_text(encoding="utf-8"))
    return table


def best_first(table: Sequence[Row], direction: str) -> list[Row]:
    """Return the complete rows, best first; the earlier of two equal ones comes first."""
    complete = [row for row in table if row["value"] is not None]
    return sorted(complete, key=lambda row: row["value"], reverse=direction == "maximize")


def show_value(value: object) -> str:
    """Return a value as a table shows it: four significant digits are enough for a float."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def show_settings(row: Row) -> str:
    """Return a trial's parameters in one line."""
    return ", ".join(f"{name} {show_value(value)}" for name, value in row["parameters"].items())
