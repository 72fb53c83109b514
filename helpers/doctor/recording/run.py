"""Running some steps of a program: its own train_step where it has one, else the plain step."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import take_step
from helpers.doctor.probing.state import Snapshot, restored
from helpers.doctor.probing.trees import cloned
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.recorder import Recorder

STEPS = 60  # of the one training that all checks share
LONG = 500  # so many steps without an update of the target are many
SECONDS = 4.0


@dataclass
class Run:
    """What came of a run of several steps.

    Attributes:
        seen: what the recorder noted.
        losses: of the steps, NaN where a step returns none.
        end: everything as it was after the last step.
    """

    seen: Recording
    losses: list[float] = field(default_factory=list)
    end: Snapshot | None = None


def endless(program: Program) -> Iterator[Any]:
    """Yield the sample's batches over and over, as copies that a step may change."""
    while True:
        for batch in program.sample:
            yield cloned(batch)


def recorded(program: Program) -> Run | None:
    """Return the program's one training if it has been run, and run nothing."""
    run: Run | None = vars(program).get("_trained")
    return run


def trained(program: Program) -> Run:
    """Bring the program to the end of its one training, which the first call runs under a recorder."""
    kept = recorded(program)
    if kept is not None and kept.end is not None:
        kept.end.restore()
        return kept
    program.model.train()
    with Recorder(program.model, program.optimizer, target=program.target) as recorder:
        reached = list(_until_followed(program, recorder))
    run = Run(recorder.seen, reached, Snapshot(program))
    vars(program)["_trained"] = run
    return run


def steps_schedule(program: Program) -> bool:
    """Take a few steps, and return whether they step a schedule; all is put back."""
    with restored(program), Recorder(program.model, program.optimizer) as recorder:
        program.model.train()
        for batch in islice(endless(program), max(4, program.accumulate or 1)):
            take_step(program, batch)
    return bool(recorder.seen.schedule)


def _until_followed(program: Program, recorder: Recorder) -> Iterator[float]:
    """Take the steps, and more of them until a target network that training is to bring up to date is written to."""
    follows = program.target is not None and program.train_step is not None
    for count, loss in enumerate(losses(program, LONG + 1 if follows else STEPS, SECONDS), 1):
        yield loss
        if count >= STEPS and (recorder.following.writes() or recorder.following.moved()):
            return


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
