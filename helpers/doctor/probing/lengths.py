"""How many batches there are."""

from typing import Any


def length(batches: Any) -> int | None:
    """Return how many batches a pass gives, None where that is not known: of a set that is only run through."""
    try:
        return len(batches)
    except TypeError:
        return None
