"""The kept notebook: a copy made when a sweep begins. Every trial runs it, so a reader can go on editing the original.

Trials of two versions of a notebook cannot be compared, and a long sweep should not end because somebody saved a file.
"""

from pathlib import Path

from apps.sweep import notebook
from apps.sweep.errors import SweepError
from apps.sweep.plan import Plan
from helpers.files import write_whole


def original(plan: Plan) -> bytes:
    """Return the notebook that the plan was made for.

    Raises:
        SweepError: it has changed since then.
    """
    path = Path(plan.notebook)
    if _digest(path) != plan.digest:
        raise SweepError(f"{path.name} has changed just now; repeat the command.")
    return path.read_bytes()


def keep(plan: Plan, content: bytes) -> None:
    """Write the copy, unless it is there."""
    if _digest(plan.kept) != plan.digest:
        write_whole(plan.kept, content, by_many=True)


def check_kept(plan: Plan) -> None:
    """Refuse to go on with another notebook than the one that the sweep began with.

    Raises:
        SweepError: the copy is gone, or it has been edited.
    """
    found = _digest(plan.kept)
    if found != plan.digest:
        what = "has been edited" if found else "is gone"
        raise SweepError(f"{plan.kept}, the copy that all trials run, {what}; the same command makes it anew.")


def _digest(path: Path) -> str:
    """Return the notebook's digest; nothing if there is no notebook that can be read."""
    try:
        return notebook.digest(path)
    except (OSError, ValueError, AttributeError):  # no file; no JSON, or half of it; JSON that is no notebook
        return ""
