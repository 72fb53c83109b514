"""The order in which training meets its samples, and what two epochs have in common."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.collected import Collected, training_set
from helpers.doctor.probing.program import Program

DRAWS = {torch.rand, torch.randn, torch.randint, torch.rand_like, torch.randn_like, torch.bernoulli, torch.normal}
DRAWS |= {Tensor.uniform_, Tensor.normal_, Tensor.bernoulli_, Tensor.bernoulli}


def check_order(program: Program) -> Iterator[Finding]:
    """Count the runs of equal labels in the order of training; a shuffled set has about as many as chance gives."""
    data = training_set(program)
    labels = data.labels
    if labels is None or len(data.sizes) < 2 or len(labels) < 24:
        return
    runs = 1 + int((labels[1:] != labels[:-1]).sum())
    shares = torch.unique(labels, return_counts=True)[1].float() / len(labels)
    classes, chance = len(shares), 1 + (len(labels) - 1) * float(1 - (shares**2).sum())
    if runs <= 0.3 * chance:
        yield found(
            "sorted-by-class",
            f"the labels of {len(labels)} samples change {runs - 1} times in the order of training; shuffled, the "
            f"{classes} classes would change about {chance - 1:.0f} times",
            "fault" if runs <= classes else "suspicion",
        )


def check_target_order(program: Program) -> Iterator[Finding]:
    """Count how often a number that is to be predicted rises from one sample to the next."""
    data = training_set(program)
    targets = data.targets
    if data.labels is not None or targets is None or targets.numel() != len(targets) or len(data.sizes) < 2:
        return
    steps = targets.reshape(-1).float().diff()
    if len(steps) < 24 or not bool((steps != 0).any()):
        return
    share = max(float((steps >= 0).float().mean()), float((steps <= 0).float().mean()))
    if share > 0.98:
        yield found(
            "sorted-by-target",
            f"in the order of training, {100 * share:.0f} % of {len(steps)} steps between targets go one way",
            "suspicion",
        )


class _Draws(TorchFunctionMode):
    """Counts permutations and other random numbers that are drawn from torch inside."""

    def __init__(self) -> None:
        super().__init__()
        self.orders = self.others = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Count a draw; call everything as it is."""
        self.orders += func is torch.randperm
        self.others += func in DRAWS
        return func(*args, **(kwargs or {}))


def check_epochs(program: Program) -> Iterator[Finding]:
    """Read two epochs: what draws random numbers in each should not draw the same ones."""
    if isinstance(program.batches, (list, tuple)) or iter(program.batches) is program.batches:
        return
    numpy, python = _others_state(), random.getstate()
    with _Draws() as draws:
        first, second = Collected(program.batches), Collected(program.batches)
    drawn = draws.others > 0 or _others_state() != numpy or random.getstate() != python
    one, two = _rows(first), _rows(second)
    if not one or len(one) != len(two) or len(set(one)) < 8:
        return
    if draws.orders >= 2 and one == two:
        yield found(
            "same-order-every-epoch",
            f"a permutation was drawn in each of two epochs, and all {len(one)} samples came in the same order",
        )
    elif drawn and first.whole and Counter(one) == Counter(two):
        yield found(
            "augmentation-repeats",
            f"random numbers were drawn in both of two epochs, and all {len(one)} samples were the same in both",
            "suspicion",
        )


def _others_state() -> bytes:
    state: Any = np.random.get_state()
    return bytes(state[1].tobytes()) + str(state[2]).encode()


def _rows(data: Collected) -> list[int]:
    if data.inputs is None:
        return []
    return [hash(row.contiguous().numpy().tobytes()) for row in data.inputs]
