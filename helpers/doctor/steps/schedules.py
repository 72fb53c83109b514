"""The learning rate over time: which way a plateau looks, when the rate is gone, whether it ever falls."""

from collections.abc import Iterator
from itertools import pairwise
from statistics import mean

from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, CyclicLR, ReduceLROnPlateau

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording import Recording, ScheduleStep
from helpers.doctor.steps.given import Given

GONE = 0.01  # of its peak: then a rate is gone
ENOUGH = 20  # steps before anything is said about a schedule
PERIODIC = (CosineAnnealingWarmRestarts, CyclicLR)


def judge_plateau(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Compare the figures given to ReduceLROnPlateau with the loss: it must cut the rate when both stand still."""
    events = [e for e in seen.schedule if isinstance(e.scheduler, ReduceLROnPlateau) and e.metric is not None]
    if len(events) < 4 or not seen.backwards:
        return
    metrics, losses = [float(e.metric or 0) for e in events], _loss_before(seen, events)
    mode = events[0].scheduler.mode
    rising, falling = _trend(metrics), _trend(losses)
    against = rising > 0 if mode == "min" else rising < 0
    if against and falling < 0 and events[-1].after[0] < events[0].before[0]:
        way = "rose" if rising > 0 else "fell"
        yield found(
            "schedule-wrong-way",
            f"the figure given to ReduceLROnPlateau(mode='{mode}') {way} from {metrics[0]:.3g} to {metrics[-1]:.3g} "
            f"while the loss fell from {losses[0]:.3g} to {losses[-1]:.3g}, and the rate was cut from "
            f"{events[0].before[0]:.2g} to {events[-1].after[0]:.2g}",
        )
    elif against and falling < 0:
        text = (
            f"ReduceLROnPlateau(mode='{mode}') was given a figure that went from {metrics[0]:.3g} to {metrics[-1]:.3g}"
        )
        yield found("schedule-wrong-way", f"{text} while the loss fell from {losses[0]:.3g} to {losses[-1]:.3g}")


def _loss_before(seen: Recording, events: list[ScheduleStep]) -> list[float]:
    """Return the mean loss of the passes before each of the scheduler's steps."""
    ends = [event.at for event in events]
    spans = zip([0, *ends], ends, strict=False)
    means = [[b.loss for b in seen.backwards if begin < b.at < end] for begin, end in spans]
    return [mean(losses) for losses in means if losses]


def _trend(figures: list[float]) -> int:
    """Return 1 where the figures rise, -1 where they fall, 0 where neither is plain."""
    third = max(1, len(figures) // 3)
    if len(figures) < 3:
        return 0
    before, after = mean(figures[:third]), mean(figures[-third:])
    pairs = [later > earlier for earlier, later in pairwise(figures)]
    if abs(after - before) < 0.02 * max(abs(before), abs(after)):
        return 0
    share = sum(pairs) / len(pairs)
    return 1 if after > before and share > 0.5 else -1 if after < before and share < 0.5 else 0


def judge_rates(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look at the rate of each step of a loop: is it gone while the loop goes on?"""
    steps = [step for step in seen.steps if step.rates]
    if len(steps) < ENOUGH or not seen.schedule or isinstance(seen.schedule[0].scheduler, ReduceLROnPlateau):
        return
    rates = [max(step.rates) for step in steps]
    yield from rates_gone(rates, "the loop", periodic=isinstance(seen.schedule[0].scheduler, PERIODIC))


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
    elif _swings(rates) > 2:
        yield found(
            "rate-gone-early",
            f"within {len(rates)} steps of {where} the rate fell to its lowest and rose again {_swings(rates) // 2} "
            "times: the schedule is longer than it was made for",
        )


def _swings(rates: list[float]) -> int:
    """Return how often the rate turns between falling and rising."""
    moves = [later > earlier for earlier, later in pairwise(rates) if later != earlier]
    return sum(before != after for before, after in pairwise(moves))


def judge_never(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for a scheduler that a long loop has at hand and never steps, or steps before the optimizer."""
    if given.scheduler is not None and not seen.schedule and len(seen.steps) >= 10 * ENOUGH:
        yield found(
            "rate-never-falls",
            f"the scheduler was not stepped once in {len(seen.steps)} steps of the optimizer",
            "note",
        )
    mine = {id(optimizer) for optimizer in seen.optimizers}
    other = getattr(given.scheduler, "optimizer", None)
    if (
        other is not None
        and id(other) not in mine
        and not any(id(getattr(o, "optimizer", None)) == id(other) for o in seen.optimizers)
    ):
        yield found(
            "schedule-of-another-optimizer", "the scheduler changes the rate of an optimizer that is not stepped"
        )
