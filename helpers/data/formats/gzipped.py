"""Files that may be gzipped, told by their first bytes and not by their names."""

import gzip
import zlib
from io import BufferedIOBase
from pathlib import Path

from helpers.data.data_error import DataError

MAGIC = b"\x1f\x8b"
DAMAGED = (OSError, EOFError, zlib.error)  # what reading a damaged gzip file raises, and an unreadable one


def open_unpacked(path: Path) -> BufferedIOBase:
    """Open a file for reading what it holds: unpacked if it is gzipped, else as it is."""
    with path.open("rb") as file:
        gzipped = file.read(len(MAGIC)) == MAGIC
    return gzip.open(path) if gzipped else path.open("rb")


def read_unpacked(path: Path) -> bytes:
    """All that a file holds, unpacked and with its checksum verified if it is gzipped.

    Raises:
        DataError: if it cannot be read, or is damaged.
    """
    try:
        with open_unpacked(path) as file:
            return file.read()
    except DAMAGED as error:
        raise DataError(f"{path} cannot be read: {error}. Replace it by a whole file.") from error
