"""Gradient accumulation: is the gradient of several passes their mean, as one large batch would give it?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.trees import batch_length, cloned, rows
from helpers.doctor.recording.recorder import Recorder
from helpers.doctor.recording.run import losses

CALLS = 24
SECONDS = 2.0


@dataclass
class Window:
    """The batches since the last step, and for each step with several passes: how many, and how its gradient lay."""

    batches: list[Any] = field(default_factory=list)
    compared: list[tuple[int, float, float]] = field(default_factory=list)  # passes, along, cosine


def check_averaging(program: Program) -> Iterator[Finding]:
    """Compare each step's gradient with the mean over its batches, computed anew from the program's own loss."""
    if program.train_step is None or len(program.optimizers) != 1 or adds_up(program):
        return
    window = Window()
    optimizer = program.optimizers[0]
    program.model.train()
    with Recorder(program.model, program.optimizer) as recorder:
        handle = optimizer.register_step_pre_hook(lambda *_: compare(program, recorder, window))
        try:
            for _ in losses(program, CALLS, SECONDS, window.batches.append):
                pass
        finally:
            handle.remove()
    yield from _judge(program, window.compared)


def _judge(program: Program, compared: list[tuple[int, float, float]]) -> Iterator[Finding]:
    several = [one for one in compared if one[0] > 1]
    whole = [one for one in several if one[2] > 0.9 and 0.75 * one[0] < one[1] < 1.25 * one[0]]
    if whole and len(whole) > len(several) / 2:
        passes, along, _ = whole[-1]
        yield found(
            "gradient-not-averaged",
            f"a step with {passes} backward passes used {along:.3g} times the mean gradient of its batches, as in "
            f"{len(whole)} of {len(several)} such steps",
            "fault" if program.accumulate else "suspicion",
        )


def compare(program: Program, recorder: Recorder, window: Window) -> None:
    """Measure the gradient that a step is about to use by the mean gradient of its batches."""
    passes, batches, window.batches = recorder.seen.unused, window.batches, []
    if passes < 2 or not batches:
        return
    parameters = [p for p in program.model.parameters() if p.requires_grad and p.grad is not None]
    used = [p.grad.detach().clone() for p in parameters if p.grad is not None]
    due = _mean_gradient(program, batches, parameters)
    size = float(sum((d.double() ** 2).sum() for d in due)) ** 0.5
    length = float(sum((u.double() ** 2).sum() for u in used)) ** 0.5
    if size and length:
        product = float(sum((u.double() * d.double()).sum() for u, d in zip(used, due, strict=True)))
        window.compared.append((passes, product / size**2, product / (size * length)))


def _mean_gradient(program: Program, batches: list[Any], parameters: Sequence[Tensor]) -> list[Tensor]:
    total = [torch.zeros_like(p) for p in parameters]
    with torch.enable_grad():
        for batch in batches:
            loss = loss_of(program, cloned(batch))
            parts = torch.autograd.grad(loss, parameters, allow_unused=True)
            for place, part in zip(total, parts, strict=True):
                if part is not None:
                    place += part / len(batches)
    return total


def adds_up(program: Program) -> bool:
    """Return whether the loss is a sum over the batch rather than a mean, so that passes are to be added up."""
    batch = program.sample[0]
    half = batch_length(batch) // 2
    if half == 0:
        return False
    was = program.model.training
    program.model.eval()
    try:
        with torch.no_grad():
            parts = [rows(batch, slice(0, half)), rows(batch, slice(half, 2 * half)), rows(batch, slice(0, 2 * half))]
            first, second, whole = (float(loss_of(program, part)) for part in parts)
    finally:
        program.model.train(was)
    return abs(first + second - whole) < abs((first + second) / 2 - whole)
