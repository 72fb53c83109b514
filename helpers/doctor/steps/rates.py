"""Is the rate too high or far too low? Asked by doing the same steps once more at another rate."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean

import torch
from torch import Tensor, nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.rates import HAND_OVER, full_rates, untold
from helpers.doctor.probing.state import restored
from helpers.doctor.recording.run import losses, trained
from helpers.doctor.steps.summed import gradients_times, samples_summed

STEPS = 40  # of a try at another rate, less than what the program takes at its own
LEAST = 20  # a slow model that takes fewer in the time is not judged
SECONDS = 1.5
LOWER = (0.1, 0.01, 1e-3)
HIGHER = (1e3, 1e5, 1e7)
SILENT = (nn.ReLU, nn.ReLU6)


@dataclass(frozen=True)
class Outcome:
    """Where a run of steps has led: the mean loss on the sample, and the share of dead units."""

    loss: float
    dead: float
    steps: int


def check_rate(program: Program) -> Iterator[Finding]:
    """Train for some steps from the same start: as the program does, with other rates, and without weight decay."""
    if len(program.optimizers) != 1 or program.target is not None:
        return
    begin, now = after(program, 0), _at_its_own(program)
    if now.steps < LEAST or not math.isfinite(begin.loss):
        return
    learned = now.loss < begin.loss - 0.05 * abs(begin.loss) and not _died(begin, now)
    if not learned and decays(program):
        free = after(program, STEPS, decay=False)
        if free.loss < begin.loss - 0.15 * abs(begin.loss):
            yield found("weight-decay-too-strong", _words(begin, now, free, "without weight decay"))
            return
    if not learned and now.loss != begin.loss:  # a step that moves nothing is not too long
        yield from _too_high(program, begin, now)
    if abs(begin.loss - now.loss) < 1e-3 * abs(begin.loss) and not warming(program):
        yield from _too_low(program, begin, now)


def _too_high(program: Program, begin: Outcome, now: Outcome) -> Iterator[Finding]:
    """Try the mean in place of a sum, then lower rates."""
    summed = samples_summed(program)
    tries = [(factor, 1 / summed) for factor in (1.0, *LOWER)] if summed > 1 else []
    for factor, share in [*tries, *((factor, 1.0) for factor in LOWER)]:
        lower = after(program, STEPS, factor, share=share)
        grade = _graver(begin, now, lower)
        if not grade:
            continue
        how = f"at {factor:g} times the rate" if factor < 1 else ""
        if share < 1:
            text = f"the loss of {summed} samples given twice is twice as high: it is a sum over the batch; "
            how = " ".join([f"divided by {summed}", how]).strip()
            yield found("loss-summed", text + _words(begin, now, lower, how), grade)
        else:
            yield found("rate-too-high", _words(begin, now, lower, how), grade)
        return


def _graver(begin: Outcome, now: Outcome, lower: Outcome) -> str:
    """Return "fault" where the loss grew by half or falls far with shorter steps, "suspicion" or "" where less."""
    size = abs(begin.loss)
    fall = (begin.loss - lower.loss) / size if size else 0.0
    if not fall > 0.1 or lower.dead > 0.6:
        return ""
    if not now.loss < begin.loss + 0.5 * size or _died(begin, now) or fall > 0.5:
        return "fault"
    return "suspicion" if now.loss > begin.loss + 0.02 * size and fall > 0.3 else ""


def _too_low(program: Program, begin: Outcome, now: Outcome) -> Iterator[Finding]:
    """Try far higher rates: a fault where the loss stands still, and falls far at a thousand times the rate or more."""
    for factor in HIGHER:
        higher = after(program, STEPS, factor)
        if higher.loss < begin.loss - 0.2 * abs(begin.loss):
            text, grade = _words(begin, now, higher, f"at {factor:.0e} times the rate"), "fault"
            if untold(program.optimizers, program.scheduler):
                text, grade = text + HAND_OVER, "note"
            yield found("nothing-moves", text, grade)
            return


def _died(begin: Outcome, now: Outcome) -> bool:
    return now.dead > max(0.6, begin.dead + 0.4) and now.loss > begin.loss - 0.2 * abs(begin.loss)


def decays(program: Program) -> bool:
    """Return whether a group has weight decay."""
    return any(group.get("weight_decay") for optimizer in program.optimizers for group in optimizer.param_groups)


def warming(program: Program) -> bool:
    """Return whether a schedule holds the rate below what it leads up to."""
    full = full_rates(program.optimizers, program.scheduler)
    return any(group["lr"] < 0.5 * rate for group, rate in full if "initial_lr" in group)


def _words(begin: Outcome, now: Outcome, other: Outcome, how: str) -> str:
    text = f"in {now.steps} steps the loss went from {begin.loss:.4g} to {now.loss:.4g}, and {how} "
    text += f"in {other.steps} to {other.loss:.3g}"
    if now.dead > begin.dead + 0.2:
        text += f"; {now.dead:.0%} of the ReLU units gave 0 for every sample, {other.dead:.0%} {how}"
    return text


def after(program: Program, steps: int, factor: float = 1.0, *, decay: bool = True, share: float = 1.0) -> Outcome:
    """Take the steps with the rate multiplied by ``factor`` and the gradients by ``share``; everything is put back."""
    with restored(program), gradients_times(program, share):
        for group in [group for optimizer in program.optimizers for group in optimizer.param_groups]:
            group["lr"] = group["lr"] * factor
            if not decay and "weight_decay" in group:
                group["weight_decay"] = 0.0
        program.model.train()
        taken = sum(1 for _ in losses(program, steps, SECONDS))
        return _outcome(program, taken)


def _at_its_own(program: Program) -> Outcome:
    """Return where the program's one training has led; everything is put back."""
    with restored(program):
        return _outcome(program, len(trained(program).losses))


def _outcome(program: Program, taken: int) -> Outcome:
    with dead_units(program.model) as dead, torch.no_grad():
        figures = [float(loss_of(program, batch)) for batch in program.sample]
    return Outcome(mean(figures), dead.share(), taken)


class Dead:
    """Counts units of activation layers that never gave anything but zero."""

    def __init__(self) -> None:
        self.alive: dict[str, Tensor] = {}

    def see(self, name: str, output: Tensor) -> None:
        """Add what one call of a layer gave: its channels are along axis 1, or the last one of two or three axes."""
        channels = output.detach().transpose(0, 1 if output.dim() > 3 else -1).flatten(1)
        fired = (channels > 0).any(1)
        before = self.alive.get(name)
        self.alive[name] = fired if before is None or before.shape != fired.shape else before | fired

    def share(self) -> float:
        """Return the share of dead units in the layer that has most of them."""
        return max((float((~fired).float().mean()) for fired in self.alive.values()), default=0.0)


@contextmanager
def dead_units(model: nn.Module) -> Iterator[Dead]:
    """Watch the outputs of all ReLU layers for a while."""
    dead = Dead()
    handles = [
        layer.register_forward_hook(lambda _, __, output, name=name: dead.see(name, output))
        for name, layer in model.named_modules()
        if isinstance(layer, SILENT)
    ]
    try:
        yield dead
    finally:
        for handle in handles:
            handle.remove()
