"""Graphs of losses that outlive their step: a node of each gets a mark, and the marks that are left are counted.

A node's ``metadata`` is held by the node itself, so that a mark lives exactly as long as the graph does.
"""

import gc
import weakref
from typing import Any

from torch import Tensor

KEY = "helpers.doctor"
LAST = 2  # losses that may well be held when a loop ends
MANY = 8
DEPTH = 4


def _below(node: Any) -> Any:
    """Return a node some way below the last one, so that what the loss was scaled or divided by does not matter."""
    for _ in range(DEPTH):
        followers = [one for one, _ in getattr(node, "next_functions", ()) if one is not None]
        inner = [one for one in followers if type(one).__name__ != "AccumulateGrad"]
        if not inner:
            break
        node = inner[0]
    return node


class _Mark:
    """Something that can be referred to weakly."""


class Graphs:
    """Marks the graph of each loss, and counts those still held."""

    def __init__(self) -> None:
        self.marks: list[weakref.ref[_Mark]] = []

    def note(self, loss: Tensor | None) -> None:
        """Mark the graph of a loss that is about to be passed back."""
        node = None if loss is None else _below(loss.grad_fn)
        held = getattr(node, "metadata", None)
        if isinstance(held, dict):
            mark = _Mark()
            held[KEY] = mark
            self.marks.append(weakref.ref(mark))

    def kept(self) -> int:
        """Return how many graphs are still held, of all but the last ones."""
        if self._alive() >= MANY:
            gc.collect()  # what holds itself in a circle is not held by the program
        return self._alive()

    def _alive(self) -> int:
        return sum(mark() is not None for mark in self.marks[:-LAST])
