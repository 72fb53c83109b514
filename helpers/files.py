"""Files that a reader sees whole or not at all. Imports nothing, so that a machine that only serves has it too."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes, *, by_many: bool = False) -> None:
    """Write beside the target, force it to the disk, then rename: a reader sees the old file or the new one.

    Args:
        path: where to; replaced if it exists. Missing folders are made.
        content: the whole file.
        by_many: several processes may write this file at once, so each needs a temporary file of its own. Otherwise
            all use one name, and what a crash left there is overwritten by the next writer.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f".{os.getpid()}" if by_many else ""
    temporary = path.with_name(f".{path.name}{writer}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    if os.name == "posix":  # the rename itself must reach the disk, too
        _force(path.parent)


def _force(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
