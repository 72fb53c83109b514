"""Files that a reader sees whole or not at all. Needs no other package, so that a machine that only serves has it."""

import os
import secrets
import stat
import time
from pathlib import Path

LEFT_BEHIND = 3600  # seconds after which a temporary file must be what a killed writer left


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the target, force it to the disk, then rename: a reader sees the old file or the new one.

    Several processes may write the same file at once; the last one wins. A symbolic link stays one, and what it leads
    to is replaced. An existing file keeps its permissions. If writing fails, the temporary file is removed.

    Args:
        path: where to; replaced if it exists. Missing folders are made.
        content: the whole file.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_behind(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the rename itself must reach the disk, too
        _force(path.parent)


def _remove_left_behind(path: Path) -> None:
    """Remove what writers of this file have left that were killed."""
    for temporary in path.parent.glob(f".{path.name}.*.tmp"):
        try:
            if time.time() - temporary.stat().st_mtime > LEFT_BEHIND:
                temporary.unlink()
        except OSError:  # another writer was faster, or it is another user's
            continue


def _force(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
