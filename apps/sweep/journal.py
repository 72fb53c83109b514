"""The study's file, under a lock that cannot be left behind.

Optuna's own lock is a file that its owner removes. A process that is killed while it writes leaves it there, and the
next one waits for half a minute. The lock of the operating system ends with the process that holds it.
"""

import os
from pathlib import Path
from typing import IO

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock


class SystemLock(JournalFileOpenLock):
    """An exclusive lock on a file beside the journal, held by the operating system (flock)."""

    def __init__(self, journal: Path) -> None:
        self.path = journal.with_name(journal.name + ".lock")
        self.held: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Wait for the lock."""
        import fcntl

        file = self.path.open("ab")
        fcntl.flock(file, fcntl.LOCK_EX)
        self.held = file  # set by the one thread that has the lock
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self.held:
            self.held.close()


def open_journal(path: Path) -> JournalStorage:
    """Open the journal at ``path``, or create it; a line that a power cut has cut short is dropped."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.name != "posix":
        return JournalStorage(JournalFileBackend(str(path)))
    lock = SystemLock(path)
    lock.acquire()
    try:
        _drop_torn_line(path)
    finally:
        lock.release()
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def _drop_torn_line(path: Path) -> None:
    content = path.read_bytes() if path.exists() else b""
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
