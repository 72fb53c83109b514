"""Training programs with one fault each and the same programs mended, and right programs that look wrong.

A program is a function that takes ``mended`` and returns what ``helpers.doctor.examine`` is given. It is listed with
the kind of its fault and with the ids of the causes that name it: whichever of them comes first in a report, a reader
knows what to mend.
"""

from tests.helpers.doctor.programs import (  # noqa: F401  loading a file lists its programs
    apart,
    chapters,
    checkpoints,
    evaluating,
    familiar,
    feeding,
    fresh,
    generating,
    later,
    losses,
    modes,
    reinforcement,
    right,
    running_away,
    schedules,
    sequences,
    starting,
    steps,
    unseen,
    wiring,
)
from tests.helpers.doctor.programs.listing import FAULTY, RIGHT, Listed

__all__ = ["FAULTY", "RIGHT", "Listed"]
