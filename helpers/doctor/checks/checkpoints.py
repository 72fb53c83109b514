"""A state that was read, or is kept, against the model's own weights."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program, loss_of


def check_checkpoint(program: Program) -> Iterator[Finding]:
    """Compare a state with the model: does it share memory, and does the model hold its values?"""
    saved = _flat(program.checkpoint or {})
    own = {name: value for name, value in program.model.state_dict(keep_vars=True).items() if value.numel()}
    if not saved or not own:
        return
    memory = {value.data_ptr() for value in own.values()}
    live = [name for name, value in saved.items() if value.numel() and value.data_ptr() in memory]
    if live:
        yield found(
            "checkpoint-is-reference",
            f"{len(live)} of {len(saved)} saved tensors ({live[0]}) are the model's own, and change with every step",
        )
        return
    fitting = {name: match for name, value in own.items() if (match := _partner(name, value, saved))}
    equal = [name for name, match in fitting.items() if torch.equal(own[name].detach().cpu(), saved[match].cpu())]
    if not equal and all(name == match for name, match in fitting.items()) and len(fitting) == len(own):
        yield from _better_than_now(program, saved)
    renamed = [name for name in fitting if fitting[name] != name and name not in equal]
    if renamed and len(equal) < 0.5 * len(fitting):
        yield found(
            "checkpoint-not-loaded",
            f"{len(equal)} of {len(own)} tensors hold what the checkpoint has; its {fitting[renamed[0]]} was not "
            f"loaded into {renamed[0]}",
        )


def _better_than_now(program: Program, saved: Mapping[str, Tensor]) -> Iterator[Finding]:
    """No tensor holds what was saved: with the saved state, is the loss that of a trained model, and now it is not?"""
    if not program.has_loss:
        return
    program.model.eval()
    now = _loss(program)
    program.model.load_state_dict(dict(saved))
    then = _loss(program)
    if now > 2 * then and now > 0.2:
        yield found(
            "checkpoint-not-loaded",
            f"no tensor of the model holds what the checkpoint has: the loss is {now:.3g}, and {then:.3g} with it",
            "suspicion",
        )


def _loss(program: Program) -> float:
    with torch.no_grad():
        return sum(float(loss_of(program, batch)) for batch in program.sample) / len(program.sample)


def _flat(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint, also where they lie one level down, as under "state_dict"."""
    direct = {str(name): value for name, value in checkpoint.items() if isinstance(value, Tensor)}
    if direct:
        return direct
    inner = [value for value in checkpoint.values() if isinstance(value, Mapping)]
    states = [{str(n): v for n, v in each.items() if isinstance(v, Tensor)} for each in inner]
    return max(states, key=len, default={})


def _partner(name: str, value: Tensor, saved: Mapping[str, Tensor]) -> str | None:
    """Return the saved tensor of the same shape whose name is this one, up to a prefix on either side."""
    for other, candidate in saved.items():
        alike = other == name or other.endswith("." + name) or name.endswith("." + other)
        if alike and candidate.shape == value.shape:
            return other
    return None
