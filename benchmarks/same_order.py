"""Lets a DataLoader shuffle as ``data.Batches`` does, so that two loops see the same batches."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


class SameOrder(Sampler[int]):
    """One permutation of ``count`` indices per pass. RandomSampler draws a second one at the end of each pass."""

    def __init__(self, count: int, *, seed: int) -> None:
        self.count = count
        self.generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        return iter(torch.randperm(self.count, generator=self.generator).tolist())
