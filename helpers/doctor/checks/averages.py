"""An evaluation that gives every batch the same weight, whatever its figure is: it is the mean of the batches' own."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.running import CLOSE
from helpers.doctor.probing.trees import joined

APART = 1e-3  # of the figure
ERRORS = (RuntimeError, TypeError, ValueError, IndexError, ZeroDivisionError)


def batch_by_batch(figure: Callable[[list[Any]], float], batches: list[Any]) -> Iterator[Finding]:
    """Compare the figure of all batches with the mean of each one's, and with that of all samples in one batch."""
    if len(batches) < 2:
        return
    try:
        reported, whole = figure(batches), figure([joined(batches)])
        each = [figure([batch]) for batch in batches]
    except ERRORS:
        return
    mean = sum(each) / len(each)
    size = max(abs(reported), 1e-6)
    if not all(map(math.isfinite, (reported, whole, mean))) or abs(reported - mean) > CLOSE * size:
        return
    if abs(reported - whole) > APART * size:
        yield found(
            "evaluation-averages-batches",
            f"the evaluation says {reported:.4g}, the mean of the {len(each)} batches' own scores, and {whole:.4g} "
            "for the same samples in one batch",
            "suspicion",
        )
