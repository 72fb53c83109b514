"""What both frameworks need: things put back, and schedules played on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.state import Memory, restored
from helpers.doctor.recording.events import Recording
from helpers.doctor.steps.epochs import check_schedule

SMALL = 10_000  # numbers in a tensor: what is larger beside the networks is data, and nobody writes to it


class Hidden:
    """Holds a thing that belongs to what is examined, so that no snapshot of a check follows it."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing


@dataclass(frozen=True)
class Schedule:
    """A scheduler, and when the framework steps it: each ``frequency`` steps or epochs."""

    scheduler: Any
    interval: str = "epoch"
    frequency: int = 1


@contextmanager
def untouched(program: Program, *others: Any, data: Sequence[Any] = ()) -> Iterator[None]:
    """Put a program back at the end, and with it other things such as a trainer, which may hold the data."""
    memory = Memory(big=SMALL)
    memory.seen = {id(part): part for part in data}  # data comes last: there may be more of it than is followed
    for thing in others:
        memory.remember(thing)
    for part in data:
        memory.seen.pop(id(part))
        memory.remember(None if isinstance(part, (list, tuple)) else part)
    try:
        with restored(program):
            yield
    finally:
        memory.restore()


def judge_schedule(
    program: Program, schedule: Schedule, steps_per_epoch: int, seen: Recording, giver: str
) -> Iterator[Finding]:
    """Ask whose rate a schedule changes, and play it on in the unit in which the framework steps it.

    Args:
        program: with the model, the batches and the optimizers that are stepped.
        schedule: one of theirs; it stands as at the begin of training.
        steps_per_epoch: steps of the optimizer; 0 where that is not known.
        seen: what the framework's loop did.
        giver: what gave the optimizers, for the sentence.
    """
    scheduler, each_step = schedule.scheduler, schedule.interval == "step"
    if not any(scheduler.optimizer is optimizer for optimizer in program.optimizers):
        text = f"the scheduler changes the rate of an optimizer that is not the one that {giver} gives"
        yield found("schedule-of-another-optimizer", text)
        return
    steps = seen.steps[:: schedule.frequency] if each_step else seen.steps
    counted = replace(seen, schedule=seen.schedule if each_step else [], steps=steps)
    per_epoch = max(1, steps_per_epoch // schedule.frequency) if steps_per_epoch else None
    played = replace(program, batches=[], scheduler=scheduler, steps_per_epoch=per_epoch)
    yield from check_schedule(played, counted)
