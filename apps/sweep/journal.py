"""The study's file on one machine: Optuna's journal, under locks of the operating system.

Optuna's own lock is a file that its owner removes. A process that is killed while it writes leaves it there, and the
next one waits for half a minute. The lock of the operating system ends with the process that holds it. The same is
used to know which processes are alive, since a journal has no heartbeat.
"""

import fcntl
import json
import uuid
from pathlib import Path
from typing import IO

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from apps.sweep.messages import SweepError

START = b'{"op_code":'  # of a journal's first line


class Journal(JournalStorage):
    """A journal file, and the list of the processes that work on it.

    Attributes:
        process: the name of this process in the list.
    """

    def __init__(self, path: Path) -> None:
        check_is_journal(path)
        self._processes = path.with_name(path.name + ".processes")
        self._processes.mkdir(parents=True, exist_ok=True)
        self.process = uuid.uuid4().hex
        lock = SystemLock(path)
        lock.acquire()
        try:
            self._alive = (self._processes / self.process).open("wb")
            fcntl.flock(self._alive, fcntl.LOCK_EX)
            for other in self._processes.iterdir():
                if not self.is_alive(other.name):
                    other.unlink()
        finally:
            lock.release()
        super().__init__(JournalFileBackend(str(path), lock_obj=lock))

    def is_alive(self, process: str) -> bool:
        """Return whether the process of that name still runs; here or, on a shared disk, on another machine."""
        if process == self.process:
            return True
        path = self._processes / process
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def leave(self) -> None:
        """Take this process off the list."""
        (self._processes / self.process).unlink(missing_ok=True)
        self._alive.close()


class SystemLock(JournalFileOpenLock):
    """An exclusive lock on a file beside the journal, held by the operating system (flock)."""

    def __init__(self, journal: Path) -> None:
        self._journal, self._path = journal, journal.with_name(journal.name + ".lock")
        self._held: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Wait for the lock; drop a last line that a power cut or a full disk has cut short."""
        file = self._path.open("ab")
        fcntl.flock(file, fcntl.LOCK_EX)
        self._held = file  # set by the one thread that has the lock
        drop_torn_line(self._journal)
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._held:
            self._held.close()


def check_is_journal(path: Path) -> None:
    """Refuse a file that is something else, before anything is opened for writing.

    Raises:
        SweepError: the file is not empty, and no journal.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise SweepError(f"--storage {path} is not a file.")
    with path.open("rb") as file:
        line = file.readline(1_000_000)
    if not line or (line.startswith(START) and (not line.endswith(b"\n") or _is_json(line))):
        return
    hint = f"write sqlite:///{path} for a study in SQLite" if line.startswith(b"SQLite") else "choose another path"
    raise SweepError(f"--storage {path} is a file that is not a study's journal; it is left as it is: {hint}.")


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def drop_torn_line(path: Path) -> None:
    """Cut off what stands behind the last end of a line."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        if file.read(1) in (b"", b"\n"):
            return
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
