"""Whether a checkpoint fits what it is to be loaded into, asked before anything is changed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from helpers.train.archive import CheckpointError

# What each puts before every name.
WRAPPERS = {"module.": "nn.DataParallel or DistributedDataParallel", "_orig_mod.": "torch.compile"}


def check_fit(saved: Mapping[str, Any], wanted: Mapping[str, Any], path: str | Path) -> None:
    """Compare names, shapes and formats first: ``load_state_dict`` would copy what fits before it complains."""
    for name in sorted(saved.keys() | wanted.keys()):
        found, expected = (_described(state, name) for state in (saved, wanted))
        if found != expected:
            hint = _prefix_hint(saved, wanted)
            raise CheckpointError(
                f"{path} does not fit this model: {name} has {found}, the model expects {expected}{hint}"
            )
    for name, tensor in wanted.items():
        if isinstance(tensor, torch.Tensor) and saved[name].dtype != tensor.dtype:
            raise CheckpointError(
                f"{path} does not fit this model: {name} was saved as {saved[name].dtype}, the model has "
                f"{tensor.dtype}; bring the model to that format first, load, and then convert it"
            )


def _described(state: Mapping[str, Any], name: str) -> object:
    if name not in state:
        return "nothing"
    return tuple(state[name].shape) if isinstance(state[name], torch.Tensor) else "no tensor"


def _prefix_hint(saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Say what to do if the names differ only by what a wrapper puts before them."""
    for prefix, wrapper in WRAPPERS.items():
        if {prefix + name for name in wanted} == set(saved):
            return f"; it was saved from a model in {wrapper}: save the model inside, or load into a wrapped one"
        if {prefix + name for name in saved} == set(wanted):
            return f"; it was saved from a plain model: load it before wrapping the model by {wrapper}"
    return ""


def check_kind(saved: str, wanted: object, what: str, path: str | Path) -> None:
    """Compare the kinds first: one kind loads another's state in silence, and fails at its next step."""
    if saved != type(wanted).__name__:
        raise CheckpointError(f"{path} was saved with another {what}: {saved}, not {type(wanted).__name__}")
