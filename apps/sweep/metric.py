"""The metric of a sweep: the value of one claim that the notebook records, found by its name."""

import math
from collections.abc import Sequence

from apps.sweep.messages import SweepError, TrialError
from apps.sweep.notebook import Claim
from helpers.names import did_you_mean


def metric_value(metric: str, claims: Sequence[Claim]) -> float:
    """Return the number that the claim of that name recorded.

    Args:
        metric: the claim's name, or "section > name" where several sections use the name.
        claims: what a run recorded.

    Raises:
        SweepError: no claim, or more than one, has the name.
        TrialError: the claim's value is not a finite number.
    """
    matches = [claim for claim in claims if metric in (claim.name, f"{claim.section} > {claim.name}")]
    if not matches:
        names = list(dict.fromkeys(claim.name for claim in claims))
        listed = "".join(f"\n  {name}" for name in names) or " none at all"
        raise SweepError(
            f"the notebook records no claim {metric!r}; {did_you_mean(metric, names)}\nIt records:{listed}"
        )
    if len(matches) > 1:
        options = " or ".join(repr(f"{claim.section} > {claim.name}") for claim in matches)
        raise SweepError(f"several claims are named {metric!r}; write {options}.")
    value = matches[0].value
    if isinstance(value, bool | str) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TrialError(f"the claim {metric!r} is {value!r}, which is not a finite number")
    return float(value)
