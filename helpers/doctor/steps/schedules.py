"""The learning rate over time: which way a plateau looks, when the rate is gone, whether it ever falls."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from statistics import correlation, mean
from typing import Any

from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, CyclicLR, ReduceLROnPlateau

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording, ScheduleStep
from helpers.doctor.steps.given import Given

GONE = 0.01  # of its peak: then a rate is gone
SURE = 0.7  # a correlation that leaves little doubt
ENOUGH = 20  # steps before anything is said about a schedule
PERIODIC = (CosineAnnealingWarmRestarts, CyclicLR)


def periodic(scheduler: Any) -> bool:
    """True where a schedule is made to rise again, or is put together from one that is."""
    return isinstance(scheduler, PERIODIC) or any(map(periodic, getattr(scheduler, "_schedulers", ())))


def judge_plateau(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Compare the figures given to ReduceLROnPlateau with the loss: one that rises as the loss falls is a score."""
    events = [e for e in seen.schedule if isinstance(e.scheduler, ReduceLROnPlateau) and e.metric is not None]
    metrics, losses = [float(e.metric or 0) for e in events], _loss_before(seen, events)
    if len(events) < 4 or len(losses) != len(metrics) or min(map(len, (set(metrics), set(losses)))) < 2:
        return
    mode, alike = events[0].scheduler.mode, correlation(metrics, losses)
    early = len(metrics) // 3
    if mode == "min":  # a validation loss that rises when the model overfits has fallen first
        against = alike < -SURE and metrics[early] > metrics[0]
    else:
        against = alike > SURE and metrics[early] < metrics[0]
    if against and losses[-1] < losses[0]:
        like_a_loss = mode == "min" and abs(metrics[0] - losses[0]) < 0.3 * abs(losses[0])
        yield found(
            "schedule-wrong-way",
            f"the number given to ReduceLROnPlateau(mode='{mode}') went from {metrics[0]:.3g} to {metrics[-1]:.3g} "
            f"while the loss fell from {losses[0]:.3g} to {losses[-1]:.3g}; the rate went from "
            f"{events[0].before[0]:.2g} to {events[-1].after[0]:.2g}",
            "suspicion" if like_a_loss else "fault",
        )


def _loss_before(seen: Recording, events: list[ScheduleStep]) -> list[float]:
    """Return the mean loss of the passes before each of the scheduler's steps."""
    ends = [event.at for event in events]
    spans = zip([0, *ends], ends, strict=False)
    means = [[b.loss for b in seen.backwards if begin < b.at < end] for begin, end in spans]
    return [mean(losses) for losses in means if losses]


def judge_rates(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look at the rate of each step of a loop: is it gone while the loop goes on?"""
    steps = [step for step in seen.steps if step.rates]
    if len(steps) < ENOUGH or not seen.schedule or isinstance(seen.schedule[0].scheduler, ReduceLROnPlateau):
        return
    rates = [max(step.rates) for step in steps]
    yield from rates_gone(rates, "the loop", periodic=any(periodic(event.scheduler) for event in seen.schedule))


def rates_gone(rates: list[float], where: str, *, periodic: bool = False) -> Iterator[Finding]:
    """Yield a finding where more than half of the rates after the peak are next to nothing, or they swing."""
    peak = max(rates)
    if peak <= 0 or periodic:
        return
    low = [rate <= GONE * peak for rate in rates]
    first = next((place for place in range(rates.index(peak), len(rates)) if low[place]), len(rates))
    if sum(low[first:]) > 0.4 * len(rates):
        yield found(
            "rate-gone-early",
            f"after {first} of {len(rates)} steps of {where} the rate was at {rates[first]:.2g}, below a hundredth of "
            f"its peak of {peak:.2g}",
        )
    else:
        yield from rates_swing(rates, where)


def rates_swing(rates: list[float], where: str) -> Iterator[Finding]:
    """Yield a finding where the rate falls and rises several times, though its schedule is made for one fall."""
    if _swings(rates) > 2:
        yield found(
            "rate-gone-early",
            f"within {len(rates)} steps of {where} the rate fell to its lowest and rose again {_swings(rates) // 2} "
            "times: training is longer than the schedule was made for",
        )


def _swings(rates: list[float]) -> int:
    """Return how often the rate turns between falling and rising."""
    moves = [later > earlier for earlier, later in pairwise(rates) if later != earlier]
    return sum(before != after for before, after in pairwise(moves))


def judge_never(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for a scheduler that a loop of several epochs never steps."""
    if given.scheduler is None:
        return
    if not seen.schedule and (_epochs(seen) > 2 or len(seen.steps) >= 25 * ENOUGH):
        yield found(
            "rate-never-falls", f"the scheduler was not stepped once in {len(seen.steps)} steps of the optimizer"
        )


def judge_owner(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for a scheduler that belongs to another optimizer than those that step."""
    known = {id(one) for optimizer in seen.optimizers for one in (optimizer, getattr(optimizer, "optimizer", None))}
    other = getattr(given.scheduler, "optimizer", None)
    if seen.steps and other is not None and id(other) not in known:
        yield found(
            "schedule-of-another-optimizer", "the scheduler changes the rate of an optimizer that was never stepped"
        )


def judge_first(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look for a schedule that is stepped before the optimizer is, each time: its first rate is never used."""
    if not seen.schedule or not seen.steps or isinstance(seen.schedule[0].scheduler, ReduceLROnPlateau):
        return
    first = seen.schedule[0]
    if len(seen.schedule) > 2 and first.at < seen.steps[0].at and first.before != first.after:
        yield found(
            "schedule-before-step",
            f"the scheduler was stepped before the optimizer's first step: it took the rate from "
            f"{first.before[0]:.2g} to {first.after[0]:.2g}",
            "suspicion",
        )


def _epochs(seen: Recording) -> int:
    """Return how often the batch that came most often was trained on; shuffled batches do not come again."""
    batches = Counter(backward.data for backward in seen.backwards if backward.data)
    return max(batches.values(), default=0)
