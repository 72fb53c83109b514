"""What the reader has said about a loop beyond showing it."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from helpers.doctor.probing.lengths import length
from helpers.doctor.probing.program import Program


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
