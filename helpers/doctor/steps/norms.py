"""Do the statistics that batch normalization keeps for evaluation follow those of its batches?"""

from collections.abc import Iterator

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.norms import Norm
from helpers.doctor.steps.given import Given

ENOUGH = 30  # calls before anything is said
FAR = 1.0  # standard deviations
NOISY = 0.05
MANY_EPOCHS, MANY_STEPS = 100, 1000
MEMORY = 3.0  # 1 / momentum times this many calls bring the statistics within 5 % of the batches'


def judge_statistics(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for a momentum so small that the start is kept for ever, or so large that one batch is all that is kept."""
    norms = [norm for norm in seen.norms if norm.calls >= ENOUGH]
    slow = [norm for norm in norms if norm.off > FAR and _takes_for_ever(norm, given)]
    hasty = [norm for norm in norms if norm.momentum >= 0.5 and norm.apart > NOISY]
    if slow:
        worst = max(slow, key=lambda norm: norm.off)
        takes = f"it would take about {MEMORY / worst.momentum:.0f} passes" if worst.momentum else "they never will"
        yield found(
            "batchnorm-momentum",
            f"'{worst.name}' has momentum {worst.momentum:g}: after {worst.calls} passes its statistics are "
            f"{worst.off:.2g} standard deviations off those of its batches, and to come near them {takes}",
            "fault" if worst.off > 3 * FAR else "suspicion",
        )
    elif hasty:
        worst = max(hasty, key=lambda norm: norm.apart)
        yield found(
            "batchnorm-momentum",
            f"'{worst.name}' has momentum {worst.momentum:g}: {100 * worst.momentum:.0f} % of what it keeps for eval "
            f"is the last batch, and single batches are {worst.apart:.2g} standard deviations off their average",
            "suspicion",
        )


def _takes_for_ever(norm: Norm, given: Given) -> bool:
    if not norm.momentum:
        return True
    takes, epoch = MEMORY / norm.momentum, given.steps_per_epoch
    return norm.calls * norm.momentum < 1 and takes > (MANY_EPOCHS * epoch if epoch else MANY_STEPS)
