"""Graphs of earlier losses that are held although their steps are over: the memory grows with each step."""

from collections.abc import Iterator

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.graphs import LAST, MANY
from helpers.doctor.steps.given import Given


def judge_graphs(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Compare the number of graphs that are still held with that of the losses that were passed back."""
    passed = len(seen.backwards) - LAST
    if seen.graphs_kept >= MANY and seen.graphs_kept > 0.9 * passed:
        yield found(
            "graph-kept",
            f"the graphs of {seen.graphs_kept} of {passed} earlier losses are still held after their steps",
            "suspicion",
        )
