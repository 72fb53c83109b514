"""The order of a step: is the gradient that it uses that of the batches since the step before, and of nothing else?"""

from collections.abc import Iterator

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording, Step
from helpers.doctor.steps.given import Given


def judge_leftovers(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look for steps that use gradients a second time: their own of before, or another network's."""
    for number in range(len(seen.optimizers)):
        steps = seen.stepped_with(number)
        foreign = next((step for step in steps if _from_elsewhere(seen, step)), None)
        stale = [step for step in steps if step.stale]
        if foreign is not None:
            other = _owner(seen, _from_elsewhere(seen, foreign)[0], number)
            yield found(
                "other-network-leftovers",
                f"a step{_of(seen, number)} used a gradient of norm {foreign.used:.3g}, in which those lay that "
                f"the step{_of(seen, other)} before it had been made with; its own passes had brought "
                f"{seen.backwards[foreign.passes[-1]].size:.3g}",
            )
        elif stale:
            last = stale[-1]
            yield found(
                "zero-grad-missing",
                f"{len(stale)} of {len(steps)} steps{_of(seen, number)} used gradients of earlier steps again: the "
                f"last one found a gradient of length {seen.backwards[_first(last)].found:.3g} in .grad and used "
                f"one of length {last.used:.3g}, where one of length {last.due:.3g} was due",
            )


def _first(step: Step) -> int:
    return (step.passes or step.stale)[0]


def _of(seen: Recording, optimizer: int) -> str:
    name = seen.names[optimizer] if len(seen.optimizers) > 1 else ""
    return f" of {name}" if name else ""


def _from_elsewhere(seen: Recording, step: Step) -> list[int]:
    """Return the passes in a step that another optimizer had stepped with before this one's own pass was made."""
    if not step.passes:
        return []
    own = seen.backwards[step.passes[-1]]
    both = {optimizer for _, optimizer in own.stepped}  # one loss that several optimizers follow is no leftover
    return [
        number
        for number in step.passes[:-1]
        for at, other in seen.backwards[number].stepped
        if other != step.optimizer and at < own.at and other not in both
    ]


def _owner(seen: Recording, backward: int, but: int) -> int:
    return next(other for _, other in seen.backwards[backward].stepped if other != but)


def judge_clearing(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for gradients that were cleared before any step had used them."""
    for number in range(len(seen.optimizers)):
        steps = seen.stepped_with(number)
        thrown = [step for step in steps if _thrown(seen, step)]
        if not thrown or 2 * len(thrown) < len(steps):
            continue
        step = thrown[-1]
        lost = _thrown(seen, step)
        if not step.passes and not step.used:
            yield found(
                "zero-grad-before-step",
                f"{len(thrown)} of {len(steps)} steps{_of(seen, number)} found no gradient: what the backward pass had "
                f"brought, of norm {seen.backwards[lost[-1]].size:.3g}, was cleared before the step",
            )
        elif step.passes and _other_data(seen, [*lost, *step.passes]):
            yield found(
                "zero-grad-in-every-microbatch",
                f"of {len(lost) + len(step.passes)} passes on different data before a step{_of(seen, number)}, "
                f"{len(lost)} were cleared unused: it used a gradient of norm {step.used:.3g}, and all of them add up "
                f"to {step.due:.3g}",
                "fault" if given.accumulate or not _odd(seen, lost) else "suspicion",
            )


def _thrown(seen: Recording, step: Step) -> list[int]:
    """Return the passes that were lost without a right reason: not for the input's gradient, not used elsewhere."""
    passes = [seen.backwards[number] for number in step.lost]
    return [one.number for one in passes if not one.stepped and not one.inputs_need_gradient]


def _other_data(seen: Recording, passes: list[int]) -> bool:
    return len({seen.backwards[number].data for number in passes}) > 1


def _odd(seen: Recording, lost: list[int]) -> bool:
    """Return whether weights were moved by hand after a lost pass, as sharpness-aware steps do."""
    return any(number + 1 < len(seen.backwards) and seen.backwards[number + 1].moved for number in lost)


def judge_calls(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for loops without a backward pass or without a step."""
    steps = [step for step in seen.steps if step.judged]
    if seen.backwards and not seen.steps and len(seen.backwards) > 2 * (given.accumulate or 8):
        yield found("step-never-called", f"{len(seen.backwards)} backward passes were seen, and no optimizer.step()")
    if len(steps) > 1 and not seen.backwards:
        yield found("backward-never-called", f"{len(steps)} optimizer steps were seen, and no backward pass")
