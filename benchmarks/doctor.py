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

Run with ``python benchmarks/doctor.py``, in about half an hour.
"""

import json
import multiprocessing
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch_preflight
import torchtest2
from doctor_source import script
from report import write_report
from torch_preflight.config import Config
from torch_preflight.diagnostics import Category
from torch_preflight.engine import check_source

from helpers import doctor
from tests.helpers.doctor.programs import FAULTY, RIGHT, Listed
from tests.helpers.doctor.programs.listing import AFTER_REPORTS, FRESH, FURTHER, UNSEEN

SECONDS = 60
TORCHTEST2 = {
    "output_finite": {"outputs-not-finite", "data-not-finite", "gradient-not-finite"},
    "loss": {"gradient-not-finite", "data-not-finite", "outputs-not-finite"},
    "output_varies": {"input-ignored", "outputs-collapse"},
    "eval_determinism": {"dropout-always-on", "answers-random", "state-carried-over", "layer-made-in-forward"},
    "initial_loss": {"start-loss-high", "class-weights-absurd"},
    "optimizer_coverage": {"optimizer-misses-parameters", "optimizer-of-another-model"},
    "gradient_flow": {"gradient-cut-off", "part-without-gradient", "layer-made-in-forward", "softmax-over-one"},
    "gradient_magnitude": {"gradient-not-finite", "gradient-vanishes"},
    "params_change": {"nothing-moves", "weights-do-not-move"},
    "frozen_params": {"frozen-layer-moves", "freeze-flag-misspelt", "frozen-statistics-move"},
    "input_dependency": {"input-ignored"},
    "batch_independence": {"batch-mixed", "batch-taken-for-time"},
}
PREFLIGHT = {
    "TG003": {"zero-grad-missing"},
    "TG005": {"softmax-before-cross-entropy", "nll-without-log-softmax"},
    "TG006": {"sigmoid-before-logits-loss"},
    "TG008": {"augmentation-repeats"},
    "TG011": {"evaluation-leaves-eval-mode", "trained-in-eval-mode"},
    "TG012": {"sampler-epoch-never-set", "same-order-every-epoch"},
    "TG014": {"gradient-not-averaged"},
}
Alarm = tuple[str, set[str]]  # "fault" or "suspicion", and the causes that it names


@dataclass(frozen=True)
class Outcome:
    """What a tool said of one side of a program."""

    program: str
    kind: str
    group: str
    side: str  # "faulty", "mended" or "right"
    tool: str
    named: bool
    alarm: str  # the gravest: "fault", "suspicion" or ""
    seconds: float  # of the processor
    said: list[str]


def ask_doctor(make: Callable[..., Any], mended: bool | None) -> list[Alarm]:
    """Our own: only the first finding may name the cause."""
    report = doctor.examine(**make(*sides(mended)))
    alarms = [(finding.grade, {finding.cause}) for finding in report if finding.grade != "note"]
    return alarms[:1] + [(grade, set()) for grade, _ in alarms[1:]]


def ask_torchtest2(make: Callable[..., Any], mended: bool | None) -> list[Alarm]:
    """One call of `check_model` on the first batch."""
    given = make(*sides(mended))
    model, optimizer, step, loss_fn = given["model"], given["optimizer"], given.get("step"), given["loss_fn"]
    inputs, targets = next(iter(given["batches"]))
    if (step is None and loss_fn is None) or not answers(model, inputs):
        return []
    words: dict[str, Any] = {"loss_fn": loss_fn, "optimizer": optimizer, "frozen": given.get("frozen") or ()}
    if step is not None:
        words["forward_fn"] = lambda model, inputs, targets: step(model, (inputs, targets))
        words["loss_fn"] = lambda loss, _: loss
    report = torchtest2.check_model(model, inputs, targets, **words)
    failures = [("fault", TORCHTEST2.get(result.name, set())) for result in report.failures]
    return failures + [("suspicion", TORCHTEST2.get(result.name, set())) for result in report.warnings]


def answers(model: torch.nn.Module, inputs: Any) -> bool:
    """Can the model be called with these inputs alone?"""
    try:
        with torch.no_grad():
            model(*inputs) if isinstance(inputs, tuple) else model(inputs)
    except (TypeError, NotImplementedError, RuntimeError):
        return False
    return True


def ask_preflight(make: Callable[..., Any], mended: bool | None) -> list[Alarm]:
    """The source of this side alone."""
    found, _ = check_source("train.py", script(make, mended), Config())
    bugs = [one for one in found if one.category is Category.CONVERGENCE_BUG and one.severity.value != "note"]
    grades = {"error": "fault", "warning": "suspicion"}
    return [(grades[one.severity.value], PREFLIGHT.get(one.code, set())) for one in bugs]


TOOLS = {"doctor": ask_doctor, "torchtest2": ask_torchtest2, "torch-preflight": ask_preflight}


def sides(mended: bool | None) -> tuple[bool, ...]:
    """Return the arguments of a program: right ones take none."""
    return () if mended is None else (mended,)


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


def percent(part: int, whole: int) -> str:
    """Such as "12 of 16 (75 %)"."""
    return f"{part} of {whole} ({100 * part / whole:.0f} %)" if whole else "-"


def of_faults(outcomes: list[Outcome]) -> list[list[str]]:
    """Rows: how many faults of each kind each tool names and notices."""
    faulty = [one for one in outcomes if one.side == "faulty"]
    groups: dict[str, list[Outcome]] = {}
    for one in faulty:
        groups.setdefault(one.kind, []).append(one)
    for group in (AFTER_REPORTS, FURTHER, UNSEEN, FRESH):
        groups[f"all, {group}"] = [one for one in faulty if one.group == group]
    groups["all"] = faulty
    rows = []
    for kind, group in groups.items():
        row = [kind]
        for tool in TOOLS:
            mine = [one for one in group if one.tool == tool]
            noticed = sum(bool(one.alarm) for one in mine)
            row += [percent(sum(one.named for one in mine), len(mine)), percent(noticed, len(mine))]
        rows.append(row)
    return rows


def of_right_ones(outcomes: list[Outcome]) -> list[list[str | float]]:
    """Rows: what each tool raises on mended and right programs, and what it costs."""
    rows: list[list[str | float]] = []
    for tool in TOOLS:
        mine = [one for one in outcomes if one.tool == tool]
        row: list[str | float] = [tool]
        for side in ("mended", "right"):
            group = [one for one in mine if one.side == side]
            row += [percent(sum(one.alarm == grade for one in group), len(group)) for grade in ("fault", "suspicion")]
        seconds = [one.seconds for one in mine]
        rows.append([*row, statistics.median(seconds), max(seconds)])
    return rows


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
    peers = [torch, torchtest2, torch_preflight]
    columns = ["kind of fault"]
    for tool in TOOLS:
        columns += [f"{tool}: cause named", f"{tool}: noticed"]
    write_report("doctor", "Faults of training programs that are found", columns, of_faults(outcomes), peers=peers)
    columns = ["tool", "mended: fault", "mended: suspicion", "right: fault", "right: suspicion"]
    columns += ["median seconds", "most seconds"]
    title = "False alarms on right training programs"
    write_report("doctor_alarms", title, columns, of_right_ones(outcomes), peers=peers)


if __name__ == "__main__":
    main()
