"""Prints a benchmark's table and keeps it in results/benchmarks/, with the machine and the date."""

import datetime
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import torch

from helpers.runtime import describe_device

FOLDER = Path(__file__).resolve().parents[1] / "results" / "benchmarks"


def write_report(
    name: str,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str | float]],
    *,
    peers: Sequence[ModuleType] = (torch,),
    note: str = "",
) -> Path:
    """Print the table and write it as JSON; return the file's path.

    Args:
        name: of the file, without its ending.
        title: a heading for the results page.
        columns: a heading for each value of a row.
        rows: text or numbers; numbers are kept to 4 significant digits.
        peers: modules whose versions matter.
        note: what else matters about the machine, for example what other programs did meanwhile.
    """
    kept = [[float(f"{value:.4g}") if isinstance(value, float) else value for value in row] for row in rows]
    machine = f"{describe_device(torch.device('cpu'))}, {torch.get_num_threads()} thread(s), {platform.system()}"
    machine += f", {note}" if note else ""
    report = {
        "title": title,
        "machine": machine,
        "date": datetime.date.today().isoformat(),
        "versions": {peer.__name__: peer.__version__ for peer in peers},
        "columns": list(columns),
        "rows": kept,
    }
    print(f"{title} ({machine})")
    widths = [max(len(str(value)) for value in column) for column in zip(columns, *kept, strict=True)]
    for row in [columns, *kept]:
        print("  ".join(str(value).ljust(width) for value, width in zip(row, widths, strict=True)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
