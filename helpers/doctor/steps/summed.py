"""Is the loss of a batch the sum of its samples' losses, so that each step is as many times as long?"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.optim import Optimizer

from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.running import drawn_from, largest_batch, mode_of
from helpers.doctor.probing.trees import batch_length, cloned, rows

NEAR = 0.02  # of the loss


def samples_summed(program: Program) -> int:
    """Return how many samples' losses a batch adds up: its length where the batch given twice costs twice, else 1."""
    batch = largest_batch(program)
    length = batch_length(batch)
    once = _loss(program, batch)
    twice = _loss(program, rows(batch, torch.arange(2 * length) % length))
    return length if once and abs(twice / once - 2) < NEAR else 1


def _loss(program: Program, batch: Any) -> float:
    model = program.model
    with mode_of(model, False), drawn_from(0), torch.no_grad(), attributes_of(model):
        return float(loss_of(program, cloned(batch)))


@contextmanager
def gradients_times(program: Program, share: float) -> Iterator[None]:
    """Multiply all gradients by a share right before each step inside: as if the loss had been."""

    def shrink(optimizer: Optimizer, *_: Any) -> None:
        for parameter in [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]:
            parameter.grad.mul_(share)

    handles = [optimizer.register_step_pre_hook(shrink) for optimizer in program.optimizers if share != 1]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
