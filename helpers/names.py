"""The name that a reader probably meant. Imports nothing heavy, so that command lines answer at once."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest known name, or a list of all of them if none is near.

    Args:
        name: what was given; upper and lower case count as the same.
        known: the names that there are.
    """
    names = list(known)
    by_lower_case = {other.lower(): other for other in names}
    nearest = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.5)
    if nearest:
        return f"did you mean {by_lower_case[nearest[0]]!r}?"
    return f"known: {', '.join(map(repr, names)) or 'none'}."
