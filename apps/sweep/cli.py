"""The command line of a sweep."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apps.sweep import notebook, table
from apps.sweep.crew import Crew
from apps.sweep.errors import SweepError
from apps.sweep.kept import keep, original
from apps.sweep.page import write_page
from apps.sweep.plan import Plan
from apps.sweep.slots import SAMPLERS
from apps.sweep.space import USAGE, parse_axis, show_value
from apps.sweep.study import counted, open_study, void_lost_trials

if TYPE_CHECKING:
    from optuna import Study

VARIES = f"what varies: {USAGE}; (int)log: uniform in the logarithm"
EXAMPLE = """example:
  python -m apps.sweep chapters/softmax-regression.ipynb --out sweeps/softmax --trials 20 --jobs 2 \\
      -p lr log 1e-4 1e-1 -p hidden intlog 16 512 --set epochs 20 --maximize "softmax regression, validation"

The same command again goes on after an interruption, or adds trials if --trials is higher. All trials run a copy
of the notebook, made at the start: edit yours meanwhile (but not the modules that it imports). Several processes may
run the command at once; with --storage postgresql://USER:PASSWORD@HOST/NAME, several machines.
Exit status: 0 if at least one trial is complete, 1 if none is, 2 if the command is wrong, 130 after Ctrl-C
or a scheduler's SIGTERM."""


def main(arguments: Sequence[str]) -> int:
    """Run the command. Return its exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what schedulers send is Ctrl-C, too
    try:
        return sweep(make_plan(options), options.jobs)
    except SweepError as error:
        print(f"sweep: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("sweep: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m apps.sweep",
        description="Run a notebook as the trials of an Optuna study.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("notebook", type=Path, help="a notebook with a cell tagged 'parameters'")
    add("-p", dest="axes", nargs="+", action="append", required=True, metavar="WORD", help=VARIES)
    add("--set", dest="fixed", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="what is fixed")
    goal = parser.add_mutually_exclusive_group(required=True)
    goal.add_argument("--maximize", metavar="CLAIM", help="the name of a claim that expect() records")
    goal.add_argument("--minimize", metavar="CLAIM", help="the same, if smaller is better")
    add("--trials", type=_positive, default=20, help="how many trials to have at the end (%(default)s)")
    add("--jobs", type=_positive, default=1, help="trials at the same time (%(default)s)")
    add("--out", type=Path, help="the output folder (sweeps/NAME OF THE NOTEBOOK)")
    add("--sampler", choices=list(SAMPLERS), default="tpe", help="how trials are chosen (%(default)s)")
    add("--seed", type=int, default=0, help="of the sampler (%(default)s); a notebook's own: --set seed 1")
    add("--storage", help="a journal file or database URL (study.journal in the output folder)")
    add("--study", help="the study's name in the storage (the notebook's name)")
    add("--cell-seconds", type=_positive, help="end a trial whose cell takes longer")
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def make_plan(options: argparse.Namespace) -> Plan:
    """Check the command against the notebook.

    Raises:
        SweepError: something does not fit; nothing has been run or written then.
    """
    types = notebook.declared(options.notebook)
    axes = [parse_axis(words) for words in options.axes]
    fixed = dict(options.fixed)
    if len(fixed) < len(options.fixed):
        raise SweepError("--set names a parameter twice.")
    notebook.check(axes, fixed, types)
    axes = [notebook.with_types(axis, types[axis.name]) for axis in axes]
    out = (options.out or Path("sweeps") / options.notebook.stem).resolve()
    return Plan(
        notebook=str(options.notebook.resolve()),
        digest=notebook.digest(options.notebook),
        out=str(out),
        axes=axes,
        fixed={name: notebook.typed(name, text, types[name]) for name, text in fixed.items()},
        goal=options.maximize or options.minimize,
        direction="maximize" if options.maximize else "minimize",
        trials=options.trials,
        storage=options.storage or str(out / "study.journal"),
        study=options.study or options.notebook.stem,
        sampler=options.sampler,
        seed=options.seed,
        cell_seconds=options.cell_seconds,
    )


def sweep(plan: Plan, jobs: int) -> int:
    """Run the plan's trials, and write the results after each. Return the exit status."""
    content = original(plan)
    study = open_study(plan)
    keep(plan, content)
    lost, before = void_lost_trials(study), len(counted(study))
    if before or lost:
        print(f"going on after {before} of {plan.trials} trials{f', interrupted: {lost}' if lost else ''}", flush=True)
    try:
        while len(counted(study)) < plan.trials:
            with Crew(plan, min(jobs, plan.trials - len(counted(study)))) as crew:
                for report in crew.reports():
                    print(_line(report), flush=True)
                    _write(study, plan)
            time.sleep(0.1 if void_lost_trials(study) else 0)
    finally:
        void_lost_trials(study)
        _write(study, plan)
    return _verdict(study, plan)


def _write(study: "Study", plan: Plan) -> None:
    found = table.rows(study, [axis.name for axis in plan.axes])
    table.write_results(Path(plan.out), found)
    write_page(Path(plan.out), plan, found)


def _line(report: dict[str, Any]) -> str:
    settings = " ".join(f"{name}={show_value(value)}" for name, value in report["parameters"].items())
    if "lost" in report:
        end = "too late: this process stood still, was taken for dead, and the trial is run again"
    else:
        end = show_value(report["value"]) if "value" in report else f"failed: {report['error'].splitlines()[0]}"
    return f"trial {report['number']}: {settings} -> {end}"


def _verdict(study: "Study", plan: Plan) -> int:
    found = table.rows(study, [axis.name for axis in plan.axes])
    best = table.best_first(found, plan.direction)
    print(f"{len(best)} of {len(counted(study))} trials complete{_rest(found)}")
    if not best:
        print("sweep: no trial is complete; see the errors above", file=sys.stderr)
        return 1
    settings = " ".join(f"{name}={show_value(value)}" for name, value in best[0]["parameters"].items())
    print(f"best: trial {best[0]['number']}, {plan.goal} = {show_value(best[0]['value'])}, with {settings}")
    print(f"all of them: {os.path.relpath(Path(plan.out) / 'index.html')}")
    return 0


def _rest(found: Sequence[table.Row]) -> str:
    """Return how many trials have failed, and how many another process still runs."""
    states = [row["state"] for row in found]
    words = {"failed": "failed", "running": "still running"}
    return "".join(f", {states.count(state)} {word}" for state, word in words.items() if state in states)
