"""What tools said of training programs, counted: faults found, false alarms and seconds, by the kind of program."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from tests.helpers.doctor.programs.listing import AFTER_REPORTS, FRESH, FURTHER, UNSEEN

NAMES = ("doctor", "torchtest2", "torch-preflight")
LOOKS_WRONG = "look wrong"  # each like another kind of fault
RIGHT_KINDS = {
    "course": "trainings of this course",
    "torchvision": "networks of torchvision",
    "MONAI": "networks of MONAI",
    "usual": "usual networks",
}


@dataclass(frozen=True)
class Outcome:
    """What a tool said of one side of a program."""

    program: str
    kind: str
    group: str
    side: str  # "faulty", "mended" or "right"
    tool: str
    named: bool
    alarm: str  # the gravest: "fault", "suspicion" or ""
    seconds: float  # of the processor
    said: list[str]


def percent(part: int, whole: int) -> str:
    """Such as "12 of 16 (75 %)"."""
    return f"{part} of {whole} ({100 * part / whole:.0f} %)" if whole else "-"


def grouped(outcomes: list[Outcome], name: Callable[[Outcome], str]) -> dict[str, list[Outcome]]:
    """Return the outcomes by a name, the names in their order."""
    groups: dict[str, list[Outcome]] = {}
    for one in sorted(outcomes, key=name):
        groups.setdefault(name(one), []).append(one)
    return groups


def of_faults(outcomes: list[Outcome]) -> list[list[str]]:
    """Rows: how many faults of each kind each tool names and notices."""
    faulty = [one for one in outcomes if one.side == "faulty"]
    groups = grouped(faulty, lambda one: one.kind)
    for group in (AFTER_REPORTS, FURTHER, UNSEEN, FRESH):
        groups[f"all, {group}"] = [one for one in faulty if one.group == group]
    groups["all"] = faulty
    return [
        [kind, *shares(group, lambda one: one.named, lambda one: bool(one.alarm))] for kind, group in groups.items()
    ]


def of_alarms(outcomes: list[Outcome]) -> list[list[str]]:
    """Rows: how many mended twins of each kind of fault, and right programs, each tool calls faulty or suspects."""
    mended = [one for one in outcomes if one.side == "mended"]
    right = [one for one in outcomes if one.side == "right"]
    groups = grouped(mended, lambda one: f"mended: {one.kind}") | {"all mended": mended}
    groups |= grouped(right, lambda one: f"right: {RIGHT_KINDS.get(one.kind, LOOKS_WRONG)}") | {"all right": right}
    graded = [lambda one: one.alarm == "fault", lambda one: one.alarm == "suspicion"]
    return [[kind, *shares(group, *graded)] for kind, group in groups.items()]


def shares(group: list[Outcome], *tests: Callable[[Outcome], bool]) -> list[str]:
    """For each tool, in how many of its outcomes each test holds."""
    cells = []
    for tool in NAMES:
        mine = [one for one in group if one.tool == tool]
        cells += [percent(sum(map(test, mine)), len(mine)) for test in tests]
    return cells


def of_seconds(outcomes: list[Outcome]) -> list[list[str | float]]:
    """Rows: how long each tool takes for a program."""
    seconds = {tool: [one.seconds for one in outcomes if one.tool == tool] for tool in NAMES}
    return [[tool, statistics.median(each), max(each)] for tool, each in seconds.items()]
