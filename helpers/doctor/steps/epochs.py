"""The schedule and the sampler beyond what was recorded: played on to the end of an epoch."""

import math
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.lengths import length
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.rates import full_rates
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.recorder import Recorder
from helpers.doctor.recording.run import recorded
from helpers.doctor.steps.schedules import ENOUGH, periodic, rates_gone, rates_swing

MOST = 2000  # batches read of one epoch, and steps of a schedule that are played


def check_schedule(program: Program, seen: Recording) -> Iterator[Finding]:
    """Step the schedule on alone: is the rate gone before one epoch is over, does it ever fall, does it grow?"""
    scheduler = program.scheduler
    if scheduler is None or isinstance(scheduler, ReduceLROnPlateau) or periodic(scheduler):
        return
    epoch = program.steps_per_epoch or length(program.batches) or 0
    own = len(seen.schedule) >= len(seen.steps) > 1  # the program steps it with each batch
    base = max(rate for _, rate in full_rates([scheduler.optimizer], scheduler))
    rates = list(_played(scheduler, min(20 * epoch, MOST) if own else 200))
    epochs = math.ceil(ENOUGH / epoch) if epoch else 0
    if own and len(rates) >= epochs * epoch >= ENOUGH:
        yield from rates_gone(rates[: epochs * epoch], "the first epoch" if epochs == 1 else f"{epochs} epochs")
    if own and _bottom(rates) < epoch:
        yield from rates_swing(rates, f"{len(rates) // epoch} epochs")
    yield from _without_end(rates, base)


def unseen_schedule(program: Program) -> Iterator[str]:
    """Yield a sentence where no recorded step has stepped a plateau: what it is given in the loop is not seen here."""
    run = recorded(program)
    if isinstance(program.scheduler, ReduceLROnPlateau) and not (run and run.seen.schedule):
        yield "schedule: the loop that steps ReduceLROnPlateau is not seen here; put doctor.watch around it"


def _without_end(rates: list[float], base: float) -> Iterator[Finding]:
    """Yield a finding where the rate grows and grows, or stays at zero."""
    if len(rates) >= ENOUGH and not any(rates):
        yield found("nothing-moves", f"in {len(rates)} steps of the schedule the rate stays at 0")
    if len(rates) >= ENOUGH and rates[-1] > 10 * base and rates[-1] > rates[-2] and rates[-1] == max(rates):
        yield found(
            "rate-grows",
            f"after {len(rates)} steps of the schedule the rate is {rates[-1]:.2g}, and it began at {base:.2g}",
        )


def _bottom(rates: list[float]) -> int:
    """Return the step at which the rate begins to rise again after its first fall, or the number of steps."""
    falls = next((at for at in range(1, len(rates)) if rates[at] < rates[at - 1]), len(rates))
    return next((at for at in range(falls, len(rates)) if rates[at] > rates[at - 1]), len(rates))


def _played(scheduler: Any, steps: int) -> Iterator[float]:
    """Yield the highest rate before each of so many steps of the schedule, which goes on from its own last rates."""
    for group, rate in zip(scheduler.optimizer.param_groups, getattr(scheduler, "_last_lr", ()), strict=False):
        group["lr"] = float(rate)  # which plain steps may have held higher
    for _ in range(steps):
        yield max(float(group["lr"]) for group in scheduler.optimizer.param_groups)
        scheduler.optimizer._step_count = getattr(scheduler.optimizer, "_step_count", 0) + 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch expects steps of the optimizer in between
                scheduler.step()
        except ValueError:  # a schedule of so many steps is over
            return


def check_sampler(program: Program) -> Iterator[Finding]:
    """Begin two passes over the batches: a shuffling DistributedSampler must stand at another epoch in the second."""
    recorder = Recorder(program.model)
    with recorder:
        for _ in range(2):
            _read(program.batches)
    for sampler in {one.sampler for one in recorder.seen.passes}:
        epochs = [one.epoch for one in recorder.seen.passes if one.sampler == sampler]
        if len(epochs) > 1 and len(set(epochs)) == 1:
            bare = isinstance(program.batches, DataLoader)
            yield found(
                "sampler-epoch-never-set",
                f"two passes over the batches both began at epoch {epochs[0]} of the DistributedSampler"
                + (", unless the loop calls set_epoch" if bare else ", which gives the same order each time"),
                "note" if bare else "fault",
            )


def _read(batches: Iterable[Any]) -> None:
    for _ in islice(iter(batches), 1):
        pass
