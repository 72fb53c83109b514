"""Half precision and clipping: is the loss scale taken out at the right place, and does clipping come in time?"""

import math
from collections.abc import Iterator
from itertools import pairwise

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Backward, Clip, Recording, Step, Unscale
from helpers.doctor.steps.given import Given

PLAIN = ("SGD", "ASGD")  # optimizers whose steps are as long as the gradient
TINY = 0.01  # a limit of the norm that leaves next to nothing of a gradient


def judge_unscaling(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look for gradients that shrank while they carried the loss scale, to a limit that was meant without it."""
    shrunk = [event for event in seen.unscales if _shrunk(event)]
    if shrunk:
        one = shrunk[-1]
        yield found(
            "clipped-before-unscaling",
            f"{len(shrunk)} of {len(seen.unscales)} times the gradient had been cut from {one.expected:.3g} to "
            f"{one.found:.3g} when the loss scale of {one.scale:.0f} was taken out: {one.found / one.scale:.2g} was "
            f"left of a norm of {one.expected / one.scale:.3g}",
        )


def _shrunk(event: Unscale) -> bool:
    finite = math.isfinite(event.expected) and math.isfinite(event.found)
    little = event.found < TINY * event.scale or event.found < TINY * event.expected
    return finite and little and 0 < event.found < 0.5 * event.expected


def judge_scale(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look for steps whose gradient still carried a loss scale, or had one taken out that it never carried."""
    steps = [step for step in seen.steps if step.judged and step.passes]
    wrong = [step for step in steps if step.scale > 1.5 or step.scale < 0.7]
    if not wrong:
        return
    one = wrong[-1]
    if one.scale > 1:
        why = f"was still multiplied by the loss scale of {one.scale:.0f}: call scaler.step(optimizer)"
    else:
        why = f"was divided by the loss scale of {1 / one.scale:.0f} that it never carried: call scaler.scale(loss)"
    yield found(
        "gradient-differs", f"in {len(wrong)} of {len(steps)} steps the gradient, of norm {one.used:.3g}, {why}"
    )


def judge_clipping(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look for clipping that comes when the step is over."""
    moments: list[Backward | Step | Clip] = [*seen.backwards, *seen.steps, *seen.clips]
    moments.sort(key=lambda event: event.at)
    late, last, own = 0, "", {id(event) for event in seen.clips}
    for before, event in pairwise(moments):
        if id(event) not in own:
            continue
        last = last if id(before) in own else type(before).__name__
        following = next((later for later in moments if later.at > event.at and id(later) not in own), None)
        late += last == "Step" and type(following).__name__ != "Step"
    if late and late == len(seen.clips):
        yield found("clipping-after-step", f"all {late} calls of clip_grad came after a step and before the next pass")


def judge_limit(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look for a limit that cuts every gradient to next to nothing, where the optimizer follows its length."""
    plain = all(type(optimizer).__name__ in PLAIN for optimizer in seen.optimizers)
    cuts = [clip.after / clip.before for clip in seen.clips if clip.before > 0 and clip.scale == 1]
    if plain and len(cuts) > 3 and max(cuts) < TINY / 10:
        one = seen.clips[-1]
        yield found(
            "gradient-differs",
            f"clip_grad cut the gradient in each of {len(cuts)} steps, the last time from {one.before:.3g} to "
            f"{one.after:.3g}, by its limit of {one.limit:g}",
        )
