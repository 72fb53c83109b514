"""Padding at the end of short sequences, and whether it shows in their answers."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.interception import Attention
from helpers.doctor.probing.program import Program, split
from helpers.doctor.probing.running import answers, kick, largest_batch
from helpers.doctor.probing.trees import mapped, tensors


def check_padding(program: Program) -> Iterator[Finding]:
    """Take padding away from the short sequences of a batch; their answers should stay."""
    inputs = split(largest_batch(program))[0]
    tokens = next((x for x in tensors(inputs) if x.dim() == 2 and not x.is_floating_point()), None)
    pad = None if tokens is None else padding_of(tokens, program.padding)
    if tokens is None or pad is None:
        return
    lengths = lengths_of(tokens, pad)
    longest = int(lengths.float().quantile(0.5))
    short = (lengths <= longest).nonzero().flatten()
    if longest >= tokens.shape[1] or longest < 1 or len(short) < 2:
        return
    kick(program.model)
    part = mapped(lambda x: x[short] if x.dim() and len(x) == len(tokens) else x, inputs)
    with_padding = answers(program, part)[0]
    without = answers(program, mapped(lambda x: trimmed(x, tokens.shape[1], longest), part))[0]
    change = _largest_change(with_padding, without, lengths[short])
    if change > 0.05:
        yield found(
            "padding-seen",
            f"without the last {tokens.shape[1] - longest} columns, which are padding ({pad}) for {len(short)} texts, "
            f"their answers change by {100 * change:.0f} % of the spread between texts",
            "fault" if _attends(program, part) else "suspicion",
        )


def trimmed(tensor: Tensor, steps: int, longest: int) -> Tensor:
    """Return the first columns of a tensor that has so many steps."""
    return tensor[:, :longest] if tensor.dim() >= 2 and tensor.shape[1] == steps else tensor


def padding_of(tokens: Tensor, given: int | None) -> int | None:
    """Return the token that fills up short sequences: at their end, in runs of several lengths, nowhere else."""
    pad = int(tokens[:, -1].mode().values) if given is None else given
    lengths = lengths_of(tokens, pad)
    inside = torch.arange(tokens.shape[1]).to(tokens) < lengths[:, None]
    padded = lengths < tokens.shape[1]
    if bool((tokens[inside] == pad).any()) or float(padded.float().mean()) < 0.2:
        return None
    return pad if len(set(lengths[padded].tolist())) > 1 else None


def lengths_of(tokens: Tensor, pad: int) -> Tensor:
    """Return the place after the last token that is not padding, (B,)."""
    places = torch.arange(1, tokens.shape[1] + 1).to(tokens)
    return torch.where(tokens != pad, places, torch.zeros_like(places)).max(1).values


def _largest_change(first: Tensor, second: Tensor, lengths: Tensor) -> float:
    """Return the largest change as a share of the spread between samples; steps that are padding do not count."""
    if first.dim() >= 3 and first.shape[1] != second.shape[1]:
        first = first[:, : second.shape[1]]
        real = torch.arange(second.shape[1]).to(lengths) < lengths[:, None]
        first, second = first[real], second[real]
    if first.shape != second.shape or len(first) < 2:
        return 0.0
    return float((first - second).abs().max()) / max(float(first.std(0).mean()), 1e-12)


def _attends(program: Program, inputs: Any) -> bool:
    """True where the model weighs the steps by attention, which can leave out padding exactly."""
    with Attention() as seen:
        answers(program, inputs)
    layers = program.model.modules()
    return seen.any or any(isinstance(layer, torch.nn.MultiheadAttention) for layer in layers)
