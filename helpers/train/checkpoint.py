"""Checkpoints: written whole or not at all, checked against a SHA-256 on loading, and never executed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from helpers.files import write_whole
from helpers.runtime import rank, unwrapped
from helpers.train.archive import FORMAT, CheckpointError, pack, unpack
from helpers.train.epoch import Epoch
from helpers.train.fitting import check_fit, check_kind
from helpers.train.restore import Part, RestoreError, random_states, restore, set_random_states


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds beside the states that loading restores.

    Attributes:
        epoch: number of epochs done when it was saved.
        extra: whatever was saved with it, for example the names of the classes.
        best: the best loss so far; infinite if the epoch was saved as a number alone.
        stale: epochs since the best loss.
        scaler: state of the gradient scaler, which float16 needs; empty in other formats.
    """

    epoch: int
    extra: Mapping[str, Any] = field(default_factory=dict)
    best: float = math.inf
    stale: int = 0
    scaler: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    optimizer: Optimizer,
    *,
    epoch: int | Epoch,
    generator: torch.Generator | None = None,
    scheduler: LRScheduler | None = None,
    **extra: Any,
) -> None:
    """Save everything that an exact resume needs; a crash at any moment leaves the previous file whole.

    Of several processes that train together, rank 0 alone writes: it has what the others have, but for the global
    random state. A model in ``DistributedDataParallel`` is saved as the model inside.

    Args:
        path: where to; replaced if it exists. Missing folders are made.
        model: its parameters and buffers are saved.
        optimizer: its state is saved.
        epoch: the last epoch, as ``train.epochs`` yields it; or only the number of epochs done, which is exact enough
            without early stopping and float16.
        generator: the batches' generator, so that the next epoch's order is the one it would have been.
        scheduler: the learning-rate schedule, if there is one.
        extra: plain data (numbers, text, lists, dicts, tensors).

    Raises:
        CheckpointError: something in it could not be loaded again, or the file cannot be written. A checkpoint that was
            there before is as it was.
    """
    if rank() != 0:
        return
    last = epoch if isinstance(epoch, Epoch) else Epoch(epoch, epoch, math.nan)
    content = {
        "format": FORMAT,
        "epoch": last.number,
        "best": last.best,
        "stale": last.stale,
        "scaler": dict(last.scaler),
        "model": unwrapped(model).state_dict(),
        "optimizer": optimizer.state_dict(),
        "optimizer_type": type(optimizer).__name__,
        "generator": None if generator is None else generator.get_state(),
        "scheduler": None if scheduler is None else scheduler.state_dict(),
        "scheduler_type": type(scheduler).__name__,
        "random": random_states(),
        "extra": extra,
    }
    try:
        write_whole(Path(path), pack(content))
    except OSError as error:
        raise CheckpointError(f"{path} was not saved: {error.strerror}; choose a place that you may write") from error


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
        optimizer: restored if given. The global random states are restored too, since a resume needs both; of several
            processes, only in rank 0, which saved them.
        generator: restored if given and saved.
        scheduler: restored if given and saved.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is damaged or no checkpoint, or it does not fit something that was given.
    """
    content, model = unpack(Path(path)), unwrapped(model)
    check_fit(content["model"], model.state_dict(), path)
    parts = [Part("the model", model.state_dict, model.load_state_dict, content["model"])]
    if optimizer is not None:
        check_kind(content["optimizer_type"], optimizer, "optimizer", path)
        parts.append(Part("the optimizer", optimizer.state_dict, optimizer.load_state_dict, content["optimizer"]))
        if rank() == 0:
            parts.append(Part("the random state", random_states, set_random_states, content["random"]))
    if generator is not None and content["generator"] is not None:
        parts.append(Part("the generator", generator.get_state, generator.set_state, content["generator"]))
    if scheduler is not None and content["scheduler"] is not None:
        check_kind(content["scheduler_type"], scheduler, "scheduler", path)
        parts.append(Part("the scheduler", scheduler.state_dict, scheduler.load_state_dict, content["scheduler"]))
    try:
        restore(parts)
    except RestoreError as error:
        raise CheckpointError(f"{path} does not fit, and nothing was changed: {error}") from error
    return Checkpoint(**{name: content[name] for name in ("epoch", "extra", "best", "stale", "scaler")})
