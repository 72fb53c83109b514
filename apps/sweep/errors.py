"""What can go wrong before or between trials. A trial's own failure is recorded, not raised."""

from difflib import get_close_matches


class SweepError(ValueError):
    """A sweep cannot start or go on; the message is one sentence for the person who typed the command."""


def nearest(name: str, known: list[str]) -> str:
    """Return ``; did you mean 'x'?`` for the closest known name, or a list of all of them."""
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(map(repr, known)) or 'none'}."


def first_line(error: Exception) -> str:
    """Return the first line of an error's message; some errors have none."""
    return (str(error).strip() or "no message").splitlines()[0]
