"""Loaders: does a sampler hear of a new epoch, and does a loop read on from the first batch?"""

from collections.abc import Iterator
from itertools import pairwise

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording, SamplerPass
from helpers.doctor.steps.given import Given

MANY = 8  # passes of one batch each


def judge_samplers(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look at those passes over a DistributedSampler that were trained on: the epoch's number must change."""
    for sampler in {one.sampler for one in seen.passes}:
        passes = [one for one in seen.passes if one.sampler == sampler]
        trained = [one for one, end in zip(passes, [*passes[1:], None], strict=True) if _trained(seen, one, end)]
        epochs = {one.epoch for one in trained}
        if len(trained) > 1 and len(epochs) == 1:
            yield found(
                "sampler-epoch-never-set",
                f"{len(trained)} training passes over a DistributedSampler all began at its epoch {min(epochs)}, which "
                "gives the same order each time",
            )


def _trained(seen: Recording, begin: SamplerPass, end: SamplerPass | None) -> bool:
    return any(step.at > begin.at and (end is None or step.at < end.at) for step in seen.steps)


def judge_readings(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look for a pass over a loader that begins for each step and ends after one batch, always the same."""
    longer = [one for one in seen.readings if one.batches > 1]
    trained = [[b for b in seen.backwards if one.at < b.at < end.at] for one, end in pairwise(longer)]
    single = [backwards[0] for backwards in trained if len(backwards) == 1]
    if (
        len(single) >= MANY
        and len(single) == len(trained)
        and len({one.data for one in single}) == 1
        and single[0].data
    ):
        yield found(
            "samples-repeat",
            f"{len(longer)} passes over a loader of {longer[0].batches} batches began and ended after one step, each "
            "with the same batch",
        )
