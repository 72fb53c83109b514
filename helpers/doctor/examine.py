"""The examination: every check on the program, each undone, and one report."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from helpers.doctor import checks, steps
from helpers.doctor.arguments import in_a_sentence, known, names, refuse_odd
from helpers.doctor.causes import report
from helpers.doctor.checks.check import Check
from helpers.doctor.findings import Finding, Report
from helpers.doctor.probing.clock import Clock
from helpers.doctor.probing.program import Program, ProgramError, checked, loss_of
from helpers.doctor.probing.rates import low_rates, warmed_up
from helpers.doctor.probing.state import Snapshot, restored
from helpers.doctor.recording.run import steps_schedule

SECONDS = 12.0  # no new check starts after this time


@in_a_sentence
def examine(
    model: nn.Module,
    loss_fn: Callable[..., Tensor] | None,
    batches: Iterable[Any],
    optimizer: Optimizer | Mapping[str, Optimizer] | None = None,
    *,
    valid: Iterable[Any] | None = None,
    step: Callable[..., Any] | None = None,
    train_step: Callable[..., Any] | None = None,
    evaluate: Callable[..., Any] | None = None,
    scheduler: Any = None,
    steps_per_epoch: int | None = None,
    accumulate: int | None = None,
    frozen: Iterable[str] | None = None,
    target: nn.Module | None = None,
    checkpoint: Mapping[str, Any] | None = None,
    padding: int | None = None,
    expected: Iterable[str] = (),
) -> Report:
    """Examine a training program and name its faults. Nothing is changed: all is put back bit by bit.

    It trains for 60 steps of the optimizer, or as many as 4 seconds allow. More are taken where there is reason to: up
    to 180 where a class is rare or an input is rebuilt, about 300 where the loss does not fall, and 500 before a target
    network counts as never updated.

    Args:
        model: the network; an nn.ModuleDict of several, such as a GAN's two.
        loss_fn: (output, target) -> scalar; None where step or train_step makes the loss.
        batches: the training set, pairs (inputs, targets) that can be passed over again. Inputs may be a tensor, a
            tuple for model(*inputs), or a dict for model(**inputs).
        optimizer: of the model's parameters, or a dict of several.
        valid: batches of the validation set.
        step: (model, batch) -> loss, where the loss is more than loss_fn(model(inputs), targets).
        train_step: (model, batch, optimizer) -> loss: the whole step as the program does it.
        evaluate: (model, batches) -> number: the program's own evaluation.
        scheduler: of the learning rate.
        steps_per_epoch: how many steps an epoch has, for the scheduler.
        accumulate: how many microbatches make a step.
        frozen: names of modules or parameters that are meant to stay as they are.
        target: the target network or teacher.
        checkpoint: the state that was loaded into the model, or the best one kept so far.
        padding: number of the token that fills up short sequences.
        expected: ids of causes that are deliberate here.

    Raises:
        ProgramError: the program cannot be examined; the sentence says what was expected.
    """
    given = dict(locals())
    listed = names(frozen, "frozen")
    given["expected"], given["frozen"] = names(expected, "expected") or (), None if listed is None else list(listed)
    return report_on(Program(**given), (*checks.CHECKS, *steps.CHECKS))


def report_on(program: Program, run: Iterable[Check]) -> Report:
    """Run these checks on a program, each with everything put back afterwards."""
    known(program.expected)
    refuse_odd(program)
    findings: list[Finding] = []
    with restored(program, data=True), torch.enable_grad():
        left_out = list(checked(program))
        _try_out(program)
        with warmed_up(_waiting(program), program.scheduler):
            clock, begin = Clock(SECONDS), Snapshot(program)
            for check in run:
                left_out += [f"{check.name}: no time left"] if clock.over else _run(check, program, findings)
                begin.restore()
            left_out += steps.unseen_schedule(program)
    return report(findings, left_out, program.expected)


def _try_out(program: Program) -> None:
    """Compute the loss once: a program that does not run is told so in a sentence."""
    if not program.has_loss:
        return
    with restored(program):
        try:
            loss_of(program, program.sample[0])
        except ProgramError:
            raise
        except Exception as error:
            raise ProgramError(f"the loss of the first batch cannot be computed: {_words(error)}") from error


def _waiting(program: Program) -> list[Optimizer]:
    """Return the optimizers whose rates wait for a schedule that the program's step does not step."""
    if program.train_step is None or not low_rates(program.optimizers, program.scheduler):
        return program.optimizers
    try:
        return [] if steps_schedule(program) else program.optimizers
    except Exception:  # whatever the step raises, as the checks will tell
        return []


def _words(error: Exception) -> str:
    """Return type and first line of an error."""
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:200]}"


def _run(check: Check, program: Program, findings: list[Finding]) -> list[str]:
    """Add a check's findings; return a sentence where it was not, or could not be, carried out."""
    try:
        missing = check.missing(program)
        if missing:
            return [missing]
        findings.extend(check.on(program))
    except Exception as error:  # whatever the examined program raises
        return [f"{check.name}: stopped by {_words(error)}"]
    return []
