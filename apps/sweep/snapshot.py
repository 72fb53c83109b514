"""A copy of the notebook, made when a sweep begins. Every trial runs it, so a reader can go on editing the original.

Trials of two versions of a notebook cannot be compared, and a long sweep should not end because somebody saved a file.
"""

from pathlib import Path

from apps.sweep import notebook
from apps.sweep.config import SweepConfig
from apps.sweep.messages import SweepError
from helpers.files import write_whole


def read_original(config: SweepConfig) -> bytes:
    """Return the notebook that the command was checked against.

    Raises:
        SweepError: it has changed since then.
    """
    if _digest(config.notebook) != config.digest:
        raise SweepError(f"{config.notebook.name} has changed just now; repeat the command.")
    return config.notebook.read_bytes()


def write_snapshot(config: SweepConfig, content: bytes) -> None:
    """Write the copy, unless it is there."""
    if _digest(config.snapshot) != config.digest:
        write_whole(config.snapshot, content)


def check_snapshot(config: SweepConfig) -> None:
    """Refuse to go on with another notebook than the one that the sweep began with.

    Raises:
        SweepError: the copy is gone, or it has been edited.
    """
    found = _digest(config.snapshot)
    if found != config.digest:
        what = "has been edited" if found else "is gone"
        raise SweepError(f"{config.snapshot}, the copy that all trials run, {what}; the same command makes it anew.")


def _digest(path: Path) -> str:
    """Return the notebook's digest; nothing if there is no notebook that can be read."""
    try:
        return notebook.digest(path)
    except SweepError:
        return ""
