"""The bytes of a checkpoint: proved to load when they are made, checked against a SHA-256 when they are read.

It is an ordinary ``torch.save`` file. The digest stands in the zip archive's comment, at the very end of the file, so
one file holds both and ``torch.load`` still reads it.
"""

import hashlib
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

FORMAT = 3
_MARK = b"sha256:"
_TRAILER = len(_MARK) + 64  # the digest in hexadecimal


class CheckpointError(RuntimeError):
    """A checkpoint cannot be saved, is damaged, is not one, or does not fit the model."""


def pack(content: dict[str, Any]) -> bytes:
    """Return the content as bytes, which have been loaded back once.

    Raises:
        CheckpointError: a part of it could never be loaded again; says which.
    """
    try:
        return with_digest(_round_trip(content))
    except Exception:
        for key, value in content.items():
            _check_loadable(value, key)
        raise


def _round_trip(value: Any) -> bytes:
    """Serialize, and load it back as ``load_checkpoint`` would."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    torch.load(io.BytesIO(buffer.getvalue()), map_location="cpu", weights_only=True)
    return buffer.getvalue()


def _check_loadable(value: Any, place: str) -> None:
    """Raise CheckpointError for the innermost part that ``torch.load`` refuses; return if there is none."""
    try:
        _round_trip(value)
    except Exception as error:
        parts: Iterable[tuple[object, Any]] = []
        if isinstance(value, Mapping):
            parts = value.items()
        elif isinstance(value, (list, tuple)):
            parts = enumerate(value)
        for key, part in parts:
            _check_loadable(part, f"{place}[{key!r}]")
        kind = type(value)
        raise CheckpointError(
            f"not saved, since it could never be loaded again: {place} is a {kind.__module__}.{kind.__qualname__}; "
            "make it a plain number, text, list, dict or tensor, for example with float(...) or str(...)"
        ) from error


def with_digest(archive: bytes) -> bytes:
    """Append the digest as the zip archive's comment; the comment's length stands in its last two bytes."""
    body = archive[:-2] + _TRAILER.to_bytes(2, "little")
    return body + _MARK + hashlib.sha256(body).hexdigest().encode("ascii")


def unpack(path: Path) -> dict[str, Any]:
    """Return the content of a checkpoint.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: it is damaged, is no checkpoint, or holds more than plain data and tensors.
    """
    raw = path.read_bytes()
    body, trailer = raw[:-_TRAILER], raw[-_TRAILER:]
    if trailer[: len(_MARK)] != _MARK:
        raise CheckpointError(f"{path} is cut short or was not written by save_checkpoint: it ends without a SHA-256")
    if trailer[len(_MARK) :] != hashlib.sha256(body).hexdigest().encode("ascii"):
        raise CheckpointError(f"{path} is damaged: its content does not match its SHA-256; use an older checkpoint")
    try:
        content = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path} holds more than plain data and tensors; it was not loaded: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(f"{path} is no checkpoint of format {FORMAT}")
    return content
