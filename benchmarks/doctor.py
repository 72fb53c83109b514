"""Which tool names the fault of a training program, which notices that there is one, and which cries wolf?

The programs are those of tests/helpers/doctor/programs: each fault with the same program mended, and right programs.
Every tool gets each side in a process of its own, with one thread, at most 60 s of processor time, and what it takes:

- `helpers.doctor.examine`: what a reader has at hand. A fault is *named* if the first finding is its cause.
- torchtest2 `check_model`: the first batch, the loss, the optimizer and the frozen layers; a loss made in a step of its
  own goes in as `forward_fn`. Programs that make the whole step themselves and whose model cannot be called with the
  inputs are beyond what it takes, and count as missed. A fault is named if any of its failures or warnings names it.
- torch-preflight `check`: the source of that side alone, as a script with its loop written out. Rules about speed and
  memory do not count. A fault is named if any finding names it.

A fault is *noticed* if there is any failure, warning, fault or suspicion. On mended twins and right programs the same
are false alarms. The doctor's checks were written after public reports, and tried on programs of further kinds. Those
once unseen were written apart, and checks were sharpened after a look at them; those unseen were written before that,
and no check was changed after a look at them.

Three tables come of one run: faults found and false alarms, both by the kind of program, and the seconds that a tool
takes. Run with ``python benchmarks/doctor.py``, in about a quarter of an hour.
"""

import json
import multiprocessing
import resource
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch_preflight
import torchtest2
from doctor_tables import Outcome, of_alarms, of_faults, of_seconds
from doctor_tools import TOOLS
from report import write_report

from tests.helpers.doctor.programs import FAULTY, RIGHT, Listed

SECONDS = 60


def ask(pipe: Any, tool: str, program: Listed, mended: bool | None) -> None:
    """In a process of its own: ask the tool, and send what it says."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    began = time.process_time()
    try:
        alarms, said = TOOLS[tool](program.make, mended), ""
    except Exception as error:  # a tool that fails has said nothing
        alarms, said = [], f"stopped by {type(error).__name__}: {error}"[:200]
    pipe.send((alarms, time.process_time() - began, said))


def outcome(tool: str, program: Listed, mended: bool | None) -> Outcome:
    """Ask a tool about one side of a program."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=ask, args=(sender, tool, program, mended))
    process.start()
    sender.close()
    try:
        alarms, seconds, said = receiver.recv()
    except EOFError:
        alarms, seconds, said = [], float(SECONDS), "took too long"
    process.join()
    grades = [grade for grade, _ in alarms]
    gravest = next((grade for grade in ("fault", "suspicion") if grade in grades), "")
    named = any(causes & set(program.causes) for _, causes in alarms)
    causes = [" ".join(sorted(causes)) or grade for grade, causes in alarms]
    side = "right" if mended is None else "mended" if mended else "faulty"
    where = (program.name, program.kind, program.group, side, tool)
    return Outcome(*where, named and side == "faulty", gravest, round(seconds, 2), [said] if said else causes)


def ask_all(kept: Path | None, tools: list[str]) -> list[Outcome]:
    """Ask these tools about every side of every program; what the file holds already is not asked again."""
    outcomes = [Outcome(**one) for one in json.loads(kept.read_text("utf-8"))] if kept and kept.exists() else []
    known = {(one.program, one.side, one.tool) for one in outcomes}
    for program, mended in spread():
        side = "right" if mended is None else "mended" if mended else "faulty"
        for tool in tools:
            if (program.name, side, tool) not in known:
                outcomes.append(outcome(tool, program, mended))
                print(tool, side, program.name, outcomes[-1].alarm or "-", outcomes[-1].said, flush=True)
        if kept:
            kept.write_text(json.dumps([asdict(one) for one in outcomes], indent=1), encoding="utf-8")
    return outcomes


def spread() -> list[tuple[Listed, bool | None]]:
    """Every side of every program, the kinds mixed, so that a run that was stopped has seen something of each."""
    faulty = sorted(FAULTY, key=lambda program: (program.group, program.kind, program.name))
    mixed = [program for start in range(4) for program in faulty[start::4]]
    todo: list[tuple[Listed, bool | None]] = [(program, mended) for program in mixed for mended in (False, True)]
    some = [(program, None) for program in RIGHT]
    for place, side in enumerate(some):
        todo.insert(8 * place + 8, side)
    return todo


def main() -> None:
    """Arguments: a file to keep outcomes in, so that a run can go on where it was stopped; then tools, or all."""
    torch.set_num_threads(1)
    kept, tools = Path(sys.argv[1]) if len(sys.argv) > 1 else None, sys.argv[2:] or list(TOOLS)
    outcomes = ask_all(kept, tools)
    if tools != list(TOOLS):
        return
    report(outcomes)


def report(outcomes: list[Outcome]) -> None:
    """Write the three tables."""

    def write(name: str, title: str, columns: list[str], rows: list[Any]) -> None:
        write_report(name, title, columns, rows, peers=[torch, torchtest2, torch_preflight])

    found = [f"{tool}: {what}" for tool in TOOLS for what in ("cause named", "noticed")]
    write("doctor", "Faults of training programs that are found", ["kind of fault", *found], of_faults(outcomes))
    raised = [f"{tool}: {grade}" for tool in TOOLS for grade in ("fault", "suspicion")]
    title = "False alarms on right training programs"
    write("doctor_alarms", title, ["kind of program", *raised], of_alarms(outcomes))
    columns = ["tool", "median seconds", "most seconds"]
    write("doctor_seconds", "Processor time to examine a training program", columns, of_seconds(outcomes))


if __name__ == "__main__":
    main()
