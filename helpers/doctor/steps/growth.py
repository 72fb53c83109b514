"""The loss of a whole loop: does it stay a number, and does it grow?"""

import math
from collections.abc import Iterator
from statistics import median
from typing import Any

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Backward, Recording
from helpers.doctor.steps.given import Given

ENOUGH = 20  # passes before growth means anything
TIMES = 3.0


def judge_losses(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for the first loss that is no number, and for a loss that ends far above where it began."""
    # A scaler tries scales that are too high on purpose, and leaves such steps out.
    losses = [backward.loss for backward in seen.backwards if backward.scale == 1.0]
    summed = min(map(_samples_added_up, seen.backwards), default=0)
    broken = next((place for place, loss in enumerate(losses) if not math.isfinite(loss)), None)
    if broken is not None and not all(math.isnan(loss) for loss in losses):  # NaN stands for a pass without one number
        text = f"the loss of backward pass {broken + 1} of {len(losses)} is {losses[broken]}"
        text += f"; the one before was {losses[broken - 1]:.3g}" if broken else ""
        if summed and broken and losses[broken - 1] > TIMES * losses[0] > 0:
            yield found("loss-summed", f"{text}, and it is a sum of {summed} numbers or more, not their mean")
        else:
            yield found("outputs-not-finite", text)
        return
    if len(losses) < ENOUGH or len(seen.optimizers) != 1 or given.target is not None or broken is not None:
        return
    quarter = len(losses) // 4
    begin, end = median(losses[:quarter]), median(losses[-quarter:])
    if begin > 0 and end > TIMES * begin:
        rate = max((max(step.rates, default=0.0) for step in seen.steps), default=0.0)
        text = f"the loss grew from {begin:.3g} in the first quarter of {len(losses)} passes to {end:.3g} in the last"
        if summed:
            yield found(
                "loss-summed", f"{text}, and it is a sum of {summed} numbers or more, not their mean", "suspicion"
            )
        else:
            yield found("rate-too-high", f"{text}, at a rate of up to {rate:.2g}", "suspicion")


def _samples_added_up(backward: Backward) -> int:
    """Return how many numbers the loss adds up, 0 where they are fewer than the samples of the batch."""
    data: Any = backward.data
    shape = data[0][0][0] if data and data[0] else ()  # of the first input
    return backward.added_up if backward.added_up >= (shape[0] if shape else 2) else 0
