"""What the reader has said about a loop beyond showing it."""

from collections.abc import Sized
from dataclasses import dataclass
from typing import Any

from torch import nn

from helpers.doctor.probing.program import Program


def length(batches: Any) -> int | None:
    """Return how many batches an epoch has, where that is known."""
    try:
        return len(batches) if isinstance(batches, Sized) else None
    except TypeError:  # a loader of a data set that is only run through
        return None


@dataclass(frozen=True)
class Given:
    """What a judgment may know beside the recording; None for what was not said."""

    accumulate: int | None = None
    frozen: tuple[str, ...] | None = None
    target: nn.Module | None = None
    scheduler: Any = None
    steps_per_epoch: int | None = None
    whole: bool = False  # the loop was a reader's own, not the doctor's plain step

    @classmethod
    def of(cls, program: Program) -> "Given":
        """Take from a program what it says."""
        frozen = None if program.frozen is None else tuple(program.frozen)
        scheduler, per_epoch = program.scheduler, program.steps_per_epoch or length(program.batches)
        own = program.train_step is not None
        return cls(program.accumulate, frozen, program.target, scheduler, per_epoch, own)
