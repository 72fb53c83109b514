"""Checkpoints: written whole or not at all, checked against a SHA-256 on loading, and never executed.

A checkpoint is an ordinary ``torch.save`` file. Its digest stands in the zip archive's comment, at the very end of
the file, so one file holds both and ``torch.load`` still reads it.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from helpers.files import write_whole
from helpers.train.restore import Part, RestoreError, random_states, restore, set_random_states

_MARK = b"sha256:"
_TRAILER = len(_MARK) + 64  # the digest in hexadecimal
_FORMAT = 2


class CheckpointError(RuntimeError):
    """A checkpoint is damaged, is not one, or does not fit the model."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds beside the states that loading restores.

    Attributes:
        epoch: number of epochs done when it was saved.
        extra: whatever was saved with it, for example the best metric so far.
    """

    epoch: int
    extra: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    optimizer: Optimizer,
    *,
    epoch: int,
    generator: torch.Generator | None = None,
    scheduler: LRScheduler | None = None,
    **extra: Any,
) -> None:
    """Save everything that an exact resume needs; a crash at any moment leaves the previous file whole.

    Args:
        path: where to; replaced if it exists. Missing folders are made.
        model: its parameters and buffers are saved.
        optimizer: its state is saved.
        epoch: epochs done.
        generator: the batches' generator, so that the next epoch's order is the one it would have been.
        scheduler: the learning-rate schedule, if there is one.
        extra: plain data (numbers, text, lists, dicts, tensors).
    """
    content = {
        "format": _FORMAT,
        "epoch": epoch,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "optimizer_type": type(optimizer).__name__,
        "generator": None if generator is None else generator.get_state(),
        "scheduler": None if scheduler is None else scheduler.state_dict(),
        "scheduler_type": type(scheduler).__name__,
        "random": random_states(),
        "extra": extra,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_whole(Path(path), _with_digest(buffer.getvalue()))


def load_checkpoint(
    path: str | Path,
    model: nn.Module,
    optimizer: Optimizer | None = None,
    *,
    generator: torch.Generator | None = None,
    scheduler: LRScheduler | None = None,
) -> Checkpoint:
    """Check a checkpoint, then restore it into what is given: all of it, or nothing if there is an error.

    Args:
        path: a file that ``save_checkpoint`` wrote. Its digest guards against damage, not against forgery;
            ``weights_only`` loading guards against code inside.
        model: of the same architecture; may be on another device.
        optimizer: restored if given. The global random states are restored too, since a resume needs both.
        generator: restored if given and saved.
        scheduler: restored if given and saved.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is damaged or no checkpoint, or it does not fit something that was given.
    """
    content = _read(Path(path))
    _check_fit(content["model"], model.state_dict(), path)
    parts = [Part("the model", model.state_dict, model.load_state_dict, content["model"])]
    if optimizer is not None:
        _check_kind(content["optimizer_type"], optimizer, "optimizer", path)
        parts.append(Part("the optimizer", optimizer.state_dict, optimizer.load_state_dict, content["optimizer"]))
        parts.append(Part("the random state", random_states, set_random_states, content["random"]))
    if generator is not None and content["generator"] is not None:
        parts.append(Part("the generator", generator.get_state, generator.set_state, content["generator"]))
    if scheduler is not None and content["scheduler"] is not None:
        _check_kind(content["scheduler_type"], scheduler, "scheduler", path)
        parts.append(Part("the scheduler", scheduler.state_dict, scheduler.load_state_dict, content["scheduler"]))
    try:
        restore(parts)
    except RestoreError as error:
        raise CheckpointError(f"{path} does not fit, and nothing was changed: {error}") from error
    return Checkpoint(content["epoch"], content["extra"])


def _with_digest(archive: bytes) -> bytes:
    """Append the digest as the zip archive's comment; the comment's length stands in its last two bytes."""
    body = archive[:-2] + _TRAILER.to_bytes(2, "little")
    return body + _MARK + hashlib.sha256(body).hexdigest().encode("ascii")


def _read(path: Path) -> dict[str, Any]:
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
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise CheckpointError(f"{path} is no checkpoint of format {_FORMAT}")
    return content


def _check_fit(saved: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor], path: str | Path) -> None:
    """Compare names and shapes first: ``load_state_dict`` would copy what fits before it complains."""
    for name in sorted(saved.keys() | wanted.keys()):
        found = tuple(saved[name].shape) if name in saved else "nothing"
        expected = tuple(wanted[name].shape) if name in wanted else "nothing"
        if found != expected:
            raise CheckpointError(f"{path} does not fit this model: {name} has {found}, the model expects {expected}")


def _check_kind(saved: str, wanted: object, what: str, path: str | Path) -> None:
    """Compare the kinds first: one kind loads another's state in silence, and fails at its next step."""
    if saved != type(wanted).__name__:
        raise CheckpointError(f"{path} was saved with another {what}: {saved}, not {type(wanted).__name__}")
