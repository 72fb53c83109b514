"""A data set read through its loader: samples in the order in which training meets them."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from helpers.doctor.probing.clock import Clock
from helpers.doctor.probing.program import Program, split
from helpers.doctor.probing.trees import tensors

MOST = 20_000  # samples
NUMBERS = 20_000_000  # numbers in all


class Collected:
    """The first input and the first target of each sample.

    Attributes:
        inputs: (N, ...), or None where they do not stack.
        targets: (N, ...), or None.
        sizes: number of samples of each batch.
        whole: False where reading stopped early.
    """

    def __init__(self, batches: Iterable[Any], seconds: float = 1.5) -> None:
        clock, numbers, self.whole = Clock(seconds), 0, True
        inputs: list[Tensor | None] = []
        targets: list[Tensor | None] = []
        self.sizes: list[int] = []
        for batch in batches:
            x, y = (next(tensors(part), None) for part in split(batch))
            inputs.append(None if x is None else x.detach().cpu())
            targets.append(None if y is None else y.detach().cpu())
            self.sizes.append(0 if x is None or not x.dim() else len(x))
            numbers += 0 if x is None else x.numel()
            if clock.over or sum(self.sizes) > MOST or numbers > NUMBERS:
                self.whole = False
                break
        self.inputs, self.targets = _together(inputs), _together(targets)

    @property
    def labels(self) -> Tensor | None:
        """Class numbers (N,), where the targets are such: whole numbers, or zeros and ones."""
        targets = self.targets
        if targets is None or targets.dim() == 0 or targets.numel() != len(targets):
            return None
        flat = targets.reshape(-1)
        if flat.is_floating_point() and not bool(((flat == 0) | (flat == 1)).all()):
            return None
        flat = flat.long()
        return flat if len(torch.unique(flat)) <= max(2, len(flat) // 4) else None

    @property
    def flat(self) -> Tensor | None:
        """Float inputs as (N, D)."""
        if self.inputs is None or not self.inputs.is_floating_point() or self.inputs.dim() < 2:
            return None
        return self.inputs.reshape(len(self.inputs), -1).float()


def _together(parts: list[Tensor | None]) -> Tensor | None:
    found = [part for part in parts if part is not None and part.dim()]
    if not found or len(found) < len(parts) or len({(part.shape[1:], part.dtype) for part in found}) > 1:
        return None
    return torch.cat(found)


def training_set(program: Program) -> Collected:
    """Read the training set once; the same object is returned from then on."""
    return _kept(program, "_training_set", program.batches)


def validation_set(program: Program) -> Collected:
    """Read the validation set once."""
    return _kept(program, "_validation_set", () if program.valid is None else program.valid)


def _kept(program: Program, name: str, batches: Iterable[Any]) -> Collected:
    if name not in vars(program):
        vars(program)[name] = Collected(batches)
    kept: Collected = vars(program)[name]
    return kept
