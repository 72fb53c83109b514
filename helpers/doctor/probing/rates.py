"""Rates that a schedule is still to raise: how high it leads, and steps that do not wait for it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch.optim import Optimizer

SHARE = 0.1  # of the full rate
HAND_OVER = "; if a schedule is to raise the rate, hand it over as scheduler="


def full_rates(optimizers: Iterable[Optimizer], scheduler: Any = None) -> list[tuple[dict[str, Any], float]]:
    """Return each group of parameters with the rate that its schedule leads up to, or its own without one."""
    owner, highest = getattr(scheduler, "optimizer", None), getattr(scheduler, "max_lrs", ())  # the tops of CyclicLR
    tops = {id(group): rate for group, rate in zip(owner.param_groups if owner else (), highest, strict=False)}
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    own = [group.get("max_lr", group.get("initial_lr", group.get("lr", 0.0))) for group in groups]
    return [(group, float(tops.get(id(group), rate))) for group, rate in zip(groups, own, strict=True)]


def low_rates(optimizers: Iterable[Optimizer], scheduler: Any = None) -> list[tuple[dict[str, Any], float]]:
    """Return, of the groups that a schedule begins near zero, each with a tenth of its full rate."""
    shares = [(group, SHARE * rate) for group, rate in full_rates(optimizers, scheduler)]
    return [(group, rate) for group, rate in shares if "initial_lr" in group and group["lr"] < rate]


def untold(optimizers: Iterable[Optimizer], scheduler: Any = None) -> bool:
    """True where a schedule that was not handed over sets the rates: CyclicLR tells the optimizer no highest one."""
    return scheduler is None and any("initial_lr" in group for one in optimizers for group in one.param_groups)


@contextmanager
def warmed_up(optimizers: Iterable[Optimizer], scheduler: Any = None) -> Iterator[None]:
    """Hold rates that a schedule begins near zero at a tenth of the full ones: for steps that take it no further."""
    low = low_rates(optimizers, scheduler)
    before = [group["lr"] for group, _ in low]
    for group, rate in low:
        group["lr"] = rate
    try:
        yield
    finally:
        for (group, _), own in zip(low, before, strict=True):
            group["lr"] = own
