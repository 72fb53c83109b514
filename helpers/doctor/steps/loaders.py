"""Loaders: does a sampler that shuffles by the epoch's number ever hear of a new epoch?"""

from collections.abc import Iterator

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording, SamplerPass
from helpers.doctor.steps.given import Given


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
