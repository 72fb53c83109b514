"""A loss whose mean is taken over the padding, too: cut off, it makes the loss of the same texts larger."""

from collections.abc import Iterator
from typing import Any

import torch

from helpers.doctor.causes import found
from helpers.doctor.checks.padding import lengths_of, padding_of, trimmed
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.running import drawn_from, largest_batch, mode_of
from helpers.doctor.probing.trees import cloned, mapped, tensors

EXACT = 1e-3


def check_padded_loss(program: Program) -> Iterator[Finding]:
    """Cut columns off that are padding for every text of a part of the batch; a mean over the rest should stay."""
    batch = largest_batch(program)
    tokens = next((x for x in tensors(batch) if x.dim() == 2 and not x.is_floating_point()), None)
    pad = None if tokens is None else padding_of(tokens, program.padding)
    if tokens is None or pad is None:
        return
    steps, lengths = tokens.shape[1], lengths_of(tokens, pad)
    longest = int(lengths.float().quantile(0.5))
    short = (lengths <= longest).nonzero().flatten()
    if not 1 <= longest < 0.9 * steps or len(short) < 2:
        return
    part = mapped(lambda x: x[short] if x.dim() and len(x) == len(tokens) else x, batch)
    whole, cut = (_loss(program, each) for each in (part, mapped(lambda x: trimmed(x, steps, longest), part)))
    if cut > 0 and abs(whole / cut - longest / steps) < EXACT:
        yield found(
            "loss-counts-padding",
            f"{len(short)} texts of at most {longest} tokens have the loss {cut:.4g}, and {whole:.4g} with "
            f"{steps - longest} columns of padding ({pad}) behind them: {longest}/{steps} of it",
            "suspicion",
        )


def _loss(program: Program, batch: Any) -> float:
    with mode_of(program.model, train=False), drawn_from(0), torch.no_grad(), attributes_of(program.model):
        return float(loss_of(program, cloned(batch)))
