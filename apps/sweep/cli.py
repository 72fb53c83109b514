"""The command line of a sweep."""

import argparse
import signal
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna import Study

from apps.sweep import notebook
from apps.sweep.config import SweepConfig
from apps.sweep.database import find_failure, reason
from apps.sweep.journal import Journal
from apps.sweep.messages import SweepError, find_disk_full
from apps.sweep.output import check_folder, print_verdict, report_line, write_files
from apps.sweep.parameters import parameter_types
from apps.sweep.runner import Runner
from apps.sweep.sampler import SAMPLERS
from apps.sweep.search_space import USAGE, parse_fixed, parse_search_space
from apps.sweep.snapshot import read_original, write_snapshot
from apps.sweep.study import open_storage, open_study
from apps.sweep.trials import counted, finished, run_failed_again

EXAMPLE = """example:
  python -m apps.sweep chapters/softmax-regression.ipynb --out sweeps/softmax --trials 20 --jobs 2 \\
      -p lr log 1e-4 1e-1 -p hidden intlog 16 512 --set epochs 20 --maximize "validation accuracy of softmax regression"

The same command again goes on after an interruption, runs failed trials again, or adds trials if --trials is higher.
All trials run a copy of the notebook, made at the start: edit yours meanwhile (but not the modules that it imports).
Several processes may run the command at once; with --storage postgresql://USER:PASSWORD@HOST/NAME, several machines.
(The driver: pip install "psycopg[binary]". The password may also stand in PGPASSWORD or in ~/.pgpass.)
Exit status: 0 if at least one trial is complete, 1 if none is, 2 if the command is wrong, or a disk or a database
fails, 130 after Ctrl-C or a scheduler's SIGTERM."""


def main(arguments: Sequence[str]) -> int:
    """Run the command. Return its exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what schedulers send is Ctrl-C, too
    try:
        return sweep(make_config(options), options.jobs)
    except KeyboardInterrupt:
        print("sweep: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    except Exception as error:
        sentence = _sentence(error, options.storage or "")
        if not sentence:
            raise
        print(f"sweep: {sentence}", file=sys.stderr)
        return 2


def _sentence(error: Exception, storage: str) -> str:
    """Say what ended the sweep; nothing if that is a fault of this program."""
    if isinstance(error, SweepError):
        return str(error)
    go_on = "what is complete is kept, and the same command goes on from here"
    if full := find_disk_full(error):
        return f"the disk is full ({reason(full, storage)}); make room: {go_on}."
    if isinstance(error, OSError):
        return f"{reason(error, storage)}; {go_on}."
    failure = find_failure(error)
    return f"the database has failed: {reason(failure, storage)}; {go_on}." if failure else ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m apps.sweep",
        description="Run a notebook as the trials of an Optuna study.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    varies = f"what varies: {USAGE}; (int)log: uniform in the logarithm"
    add("notebook", type=Path, help="a notebook with a cell tagged 'parameters'")
    add("-p", dest="space", nargs="+", action="append", required=True, metavar="WORD", help=varies)
    add("--set", dest="fixed", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help="what is fixed")
    metric = parser.add_mutually_exclusive_group(required=True)
    metric.add_argument("--maximize", metavar="CLAIM", help="the name of a claim that expect() records")
    metric.add_argument("--minimize", metavar="CLAIM", help="the same, if smaller is better")
    add("--trials", type=_from(1), default=20, help="how many trials to have at the end (%(default)s)")
    add("--jobs", type=_from(1), default=1, help="trials at the same time (%(default)s)")
    add("--out", type=Path, help="the output folder (sweeps/NAME OF THE NOTEBOOK)")
    add("--sampler", choices=list(SAMPLERS), default="tpe", help="how trials are chosen (%(default)s)")
    add("--seed", type=_from(0), default=0, help="of the sampler (%(default)s); a notebook's own: --set seed 1")
    add("--storage", help="a journal file or database URL (study.journal in the output folder)")
    add("--study", help="the study's name in the storage (the notebook's name)")
    add("--cell-seconds", type=_from(1), help="end a trial whose cell takes longer")
    add("--keep-failed", action="store_true", help="count earlier trials that failed; do not run them again")
    return parser


def _from(least: int) -> Any:
    def whole_number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 19) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from {least}")
        return int(text)

    return whole_number


def make_config(options: argparse.Namespace) -> SweepConfig:
    """Check the command against the notebook.

    Raises:
        SweepError: something does not fit; nothing has been run or written then.
    """
    types = parameter_types(options.notebook)
    space = parse_search_space(options.space, types)
    out = (options.out or Path("sweeps") / options.notebook.stem).resolve()
    storage = options.storage or str(out / "study.journal")
    return SweepConfig(
        notebook=options.notebook.resolve(),
        digest=notebook.digest(options.notebook),
        out=out,
        space=space,
        fixed=parse_fixed(options.fixed, types, space),
        metric=options.maximize or options.minimize,
        direction="maximize" if options.maximize else "minimize",
        trials=options.trials,
        storage=storage if "://" in storage else str(Path(storage).resolve()),
        study=options.study or options.notebook.stem,
        sampler=options.sampler,
        seed=options.seed,
        cell_seconds=options.cell_seconds,
        keep_failed=options.keep_failed,
    )


def sweep(config: SweepConfig, jobs: int) -> int:
    """Run the trials, and write the results after each. Return the exit status."""
    content = read_original(config)
    check_folder(config)
    storage = open_storage(config.storage)
    process = storage.process if isinstance(storage, Journal) else uuid.uuid4().hex
    study = open_study(config, storage)
    write_snapshot(config, content)
    with Runner(config, storage, process) as runner:
        _queue_again(study, config, lost=runner.lost.run_again(study))
        try:
            for report in runner.reports(min(jobs, config.trials)):
                print(report_line(report), flush=True)
                write_files(study, config)
        finally:
            runner.stop()
            write_files(study, config)
            if isinstance(storage, Journal):
                storage.leave()
    return print_verdict(study, config)


def _queue_again(study: Study, config: SweepConfig, lost: int) -> None:
    """Queue the trials that failed once more, and say what there is of an earlier command."""
    before = counted(study)
    failed = 0 if config.keep_failed else run_failed_again(study)
    done = len(finished(before)) - failed
    if done or lost or failed:
        again = f", interrupted: {lost}" if lost else ""
        again += f", run again because they failed: {failed}" if failed else ""
        print(f"going on after {done} of {config.trials} trials{again}", flush=True)
