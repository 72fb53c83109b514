"""What one epoch of training brought."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Epoch:
    """What one epoch brought.

    Attributes:
        number: 1 for the first epoch.
        total: the number of epochs asked for.
        loss: mean training loss over the epoch's examples, each taken when its batch was trained on.
        valid_loss: loss on the validation set after the epoch, or None without one.
        metrics: name -> value on the validation set.
        seconds: wall-clock time, validation included.
        stale: epochs since the best validation loss (training loss without a validation set); 0 is a new best.
        best: that best loss.
        scaler: state of the gradient scaler, which float16 needs; empty in other formats.
    """

    number: int
    total: int
    loss: float
    valid_loss: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    stale: int = 0
    best: float = math.inf
    scaler: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def losses(self) -> dict[str, float]:
        """The losses by set, ready for TensorBoard's ``add_scalars``."""
        return {"train": self.loss} | ({} if self.valid_loss is None else {"valid": self.valid_loss})

    def __str__(self) -> str:
        parts = [f"epoch {self.number}/{self.total}", f"loss {self.loss:.3f}"]
        parts += [] if self.valid_loss is None else [f"valid {self.valid_loss:.3f}"]
        parts += [f"{name} {value:.3f}" for name, value in self.metrics.items()]
        return "  ".join([*parts, f"{self.seconds:.1f} s"])
