"""Running some steps of a program: its own train_step where it has one, else the plain step."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import take_step
from helpers.doctor.probing.trees import cloned
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.recorder import Recorder

STEPS = 64
SECONDS = 2.5


@dataclass
class Run:
    """What came of a run of several steps."""

    seen: Recording | None = None
    losses: list[float] = field(default_factory=list)
    batches: list[Any] = field(default_factory=list)


def endless(program: Program) -> Iterator[Any]:
    """Yield the sample's batches over and over, as copies that a step may change."""
    while True:
        for batch in program.sample:
            yield cloned(batch)


def recorded(program: Program, steps: int = STEPS, seconds: float = SECONDS) -> Run:
    """Take so many steps under a recorder, or as many as the time allows, but four at least."""
    program.model.train()
    run = Run()
    with Recorder(program.model, program.optimizer, target=program.target) as recorder:
        run.losses = list(losses(program, steps, seconds))
    run.seen = recorder.seen
    return run


def losses(
    program: Program, steps: int, seconds: float, before: Callable[[Any], None] = lambda _: None
) -> Iterator[float]:
    """Take steps and yield their losses; ``before`` sees each batch first. ``seconds`` are this thread's own."""
    began, wall = time.thread_time(), time.monotonic()
    least = max(4, 2 * (program.accumulate or 1))
    for count, batch in enumerate(endless(program)):
        late = time.thread_time() - began > seconds or time.monotonic() - wall > 4 * seconds
        if count >= steps or (count >= least and late):
            return
        before(batch)
        yield take_step(program, batch)
