"""What a sweep prints, and the files that it writes, after each trial and at its end."""

import os
import sys
from typing import Any

from optuna import Study

from apps.sweep import results
from apps.sweep.config import SweepConfig
from apps.sweep.messages import SweepError
from apps.sweep.page import write_page
from apps.sweep.results import show_value
from apps.sweep.trials import counted, finished


def check_folder(config: SweepConfig) -> None:
    """Refuse an output folder that holds files of the same names, and is no sweep's.

    Raises:
        SweepError: a file would be overwritten.
    """
    names = ("index.html", "results.csv", "results.json")
    there = [name for name in names if (config.out / name).exists()]
    if there and not config.folder.exists() and not (config.out / "study.journal").exists():
        raise SweepError(f"{config.out} holds a file {there[0]} that no sweep has written; choose another --out.")


def write_files(study: Study, config: SweepConfig) -> None:
    """Write the tables and the page."""
    rows = results.rows(study, list(config.space))
    results.write_results(config.out, rows)
    write_page(config.out, config, rows)


def report_line(report: dict[str, Any]) -> str:
    """Return the line that says how a trial ended."""
    settings = " ".join(f"{name}={show_value(value)}" for name, value in report["parameters"].items())
    if "lost" in report:
        end = "too late: this process stood still, was taken for dead, and the trial is run again"
    else:
        end = show_value(report["value"]) if "value" in report else f"failed: {report['error'].splitlines()[0]}"
    return f"trial {report['number']}: {settings} -> {end}"


def print_verdict(study: Study, config: SweepConfig) -> int:
    """Print the best trial. Return the exit status."""
    trials = finished(counted(study))
    best = results.best_first(results.rows(study, list(config.space)), config.direction)
    failed = len(trials) - len(best)
    print(f"{len(best)} of {len(trials)} trials complete{f', {failed} failed' if failed else ''}")
    if not best:
        print("sweep: no trial is complete; see the errors above", file=sys.stderr)
        return 1
    settings = " ".join(f"{name}={show_value(value)}" for name, value in best[0]["parameters"].items())
    print(f"best: trial {best[0]['number']}, {config.metric} = {show_value(best[0]['value'])}, with {settings}")
    print(f"all of them: {os.path.relpath(config.out / 'index.html')}")
    return 0
