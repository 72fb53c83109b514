"""The lists of programs, and the marks that enter a function into them."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

AFTER_REPORTS, FURTHER = "after public reports", "further kinds"
UNSEEN, FRESH = "once unseen", "unseen"
Given = dict[str, Any]  # what `examine` is given, by the name of its argument


@dataclass(frozen=True)
class Listed:
    """A program, with what is to be found in it."""

    name: str
    kind: str
    causes: tuple[str, ...]  # each of them names the fault; () for a right program
    group: str  # AFTER_REPORTS, FURTHER, UNSEEN or FRESH; "" for a right program
    make: Callable[..., Given]


FAULTY: list[Listed] = []
RIGHT: list[Listed] = []


def faulty(
    kind: str, *causes: str, further: bool = False, unseen: bool = False, fresh: bool = False
) -> Callable[..., Callable[..., Given]]:
    """List a function of ``mended`` under the kind of its fault; what it draws is the same in every call.

    Args:
        kind: of the fault, a heading of the table of results.
        causes: ids; each of them names the fault.
        further: a kind of fault that the public reports, which the checks were written after, do not show.
        unseen: written apart from the checks, and measured before any was changed after a look at it.
        fresh: the same, of which none was looked at since.
    """
    group = FRESH if fresh else UNSEEN if unseen else FURTHER if further else AFTER_REPORTS

    def enter(make: Callable[[bool], Given]) -> Callable[[bool], Given]:
        @functools.wraps(make)
        def seeded(mended: bool) -> Given:
            torch.manual_seed(0)
            return make(mended)

        FAULTY.append(Listed(make.__name__, kind, causes, group, seeded))
        return seeded

    return enter


def right(kind: str) -> Callable[..., Callable[..., Given]]:
    """List a function without arguments as a right program, under what it looks like."""

    def enter(make: Callable[[], Given]) -> Callable[[], Given]:
        @functools.wraps(make)
        def seeded() -> Given:
            torch.manual_seed(0)
            return make()

        RIGHT.append(Listed(make.__name__, kind, (), "", seeded))
        return seeded

    return enter
