"""Lets one build at a time work here: ``python -m book.lock COMMAND ...`` waits for its turn, then runs the command.

The make that runs second looks at the dates of files when its turn comes, and finds done what the first has done. Needs
nothing but Python, since it guards the making of the environment too.
"""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "_build" / "locks"


class NotWritableError(OSError):
    """The course lies in a folder that cannot be written; its text is for the reader."""


def main(command: list[str]) -> int:
    """Run the command when no other holds the lock, and return its exit status."""
    try:
        with held("make"):
            # One make talks to another over open files.
            return subprocess.run(command, check=False, close_fds=False).returncode
    except NotWritableError as error:
        print(error, file=sys.stderr)
        return 1


@contextmanager
def held(name: str, *, folder: Path = LOCKS) -> Iterator[None]:
    """Hold the lock of that name, which ends with the process too; wait for it if another has it.

    Raises:
        NotWritableError: the folder of locks cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / name).open("a")
    except OSError as error:
        raise NotWritableError(
            f"{folder.parent} cannot be written ({error.strerror}). Building and running put their results there: "
            "copy the course to a folder of your own, and run it from there."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Another process holds {folder / name}: waiting until it is done", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
