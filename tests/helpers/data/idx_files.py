"""Files in MNIST's format, made here."""

import gzip
import hashlib


def idx_bytes(sizes: tuple[int, ...], data: bytes, kind: int = 8) -> bytes:
    """A file in the IDX format, not yet compressed."""
    header = bytes([0, 0, kind, len(sizes)]) + b"".join(size.to_bytes(4, "big") for size in sizes)
    return header + data


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()
