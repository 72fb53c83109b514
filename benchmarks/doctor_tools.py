"""How each tool is asked about a training program, and which causes its findings name."""

from collections.abc import Callable
from typing import Any

import torch
import torchtest2
from doctor_source import script
from torch_preflight.config import Config
from torch_preflight.diagnostics import Category
from torch_preflight.engine import check_source

from helpers import doctor

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
