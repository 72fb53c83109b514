"""Restoring several things from one checkpoint: all of them, or none."""

import copy
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch


@dataclass(frozen=True)
class Part:
    """One thing that a checkpoint restores.

    Attributes:
        name: what an error calls it, for example "the optimizer".
        read: returns its state.
        write: takes a state that ``read`` returned, here or in the process that saved.
        saved: the state to restore.
    """

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], Any]
    saved: Any


class RestoreError(RuntimeError):
    """A part refused its saved state; all parts are as they were before."""


def restore(parts: Sequence[Part]) -> None:
    """Give every part its saved state. If one refuses, every part gets back the state that it had.

    Costs one copy of all states while it runs: a part may fail when it is half changed, so its own word is not enough.

    Args:
        parts: in the order of restoring.

    Raises:
        RestoreError: a part refused its state; names it and says why. Nothing is changed.
    """
    before = [copy.deepcopy(part.read()) for part in parts]
    for reached, part in enumerate(parts, start=1):
        try:
            part.write(part.saved)
        except Exception as error:  # each kind of part has its own ways to refuse
            for changed, state in zip(parts[:reached], before, strict=False):
                changed.write(state)
            raise RestoreError(f"{part.name} refuses its state: {type(error).__name__}: {error}") from error


def random_states() -> dict[str, Any]:
    """Return the states of the global random generators, as plain data and tensors."""
    name, keys, *rest = np.random.get_state(legacy=True)
    return {
        "python": random.getstate(),
        "numpy": (name, [int(key) for key in keys], *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
    }


def set_random_states(states: Mapping[str, Any]) -> None:
    """Restore what ``random_states`` returned; the GPUs' states only where there are as many GPUs."""
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
