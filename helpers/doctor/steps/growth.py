"""The loss of a whole loop: does it stay a number, and does it grow?"""

import math
from collections.abc import Iterator
from statistics import median

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording
from helpers.doctor.steps.given import Given

ENOUGH = 20  # passes before growth means anything
TIMES = 3.0


def judge_losses(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for the first loss that is no number, and for a loss that ends far above where it began."""
    # A scaler tries scales that are too high on purpose, and leaves such steps out.
    losses = [backward.loss for backward in seen.backwards if backward.scale == 1.0]
    broken = next((place for place, loss in enumerate(losses) if not math.isfinite(loss)), None)
    if broken is not None and not all(math.isnan(loss) for loss in losses):  # NaN stands for a pass without one number
        before = f"; the one before was {losses[broken - 1]:.3g}" if broken else ""
        yield found(
            "outputs-not-finite", f"the loss of backward pass {broken + 1} of {len(losses)} is {losses[broken]}{before}"
        )
        return
    if len(losses) < ENOUGH or len(seen.optimizers) != 1 or given.target is not None or broken is not None:
        return
    quarter = len(losses) // 4
    begin, end = median(losses[:quarter]), median(losses[-quarter:])
    if begin > 0 and end > TIMES * begin:
        rate = max((max(step.rates, default=0.0) for step in seen.steps), default=0.0)
        yield found(
            "rate-too-high",
            f"the loss grew from {begin:.3g} in the first quarter of {len(losses)} passes to {end:.3g} in the last, at "
            f"a rate of up to {rate:.2g}",
            "suspicion",
        )
