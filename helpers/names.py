"""The name that a reader probably meant. Imports nothing heavy, so that command lines answer at once."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return ``did you mean 'x'?`` for the nearest known name.

    Args:
        name: what was given; upper and lower case count as the same.
        known: the names that there are.
        otherwise: what to return if none is near, by default a list of all of them.
    """
    names = list(known)
    by_lower_case = {other.lower(): other for other in names}
    nearest = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.5)
    if nearest:
        return f"did you mean {by_lower_case[nearest[0]]!r}?"
    return f"known: {', '.join(map(repr, names)) or 'none'}." if otherwise is None else otherwise
