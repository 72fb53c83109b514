"""Mini-batches of sentences of about the same length, so that little of them is padding (rnn chapter)."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.data.examples import Examples
from helpers.data.loaders.batches import check_shares
from helpers.runtime import share


class BucketBatches:
    """Mini-batches of padded sentences, each cut at its own longest sentence.

    In each pass the sentences are shuffled and dealt into pools. Each pool is sorted by length and cut into batches;
    then the batches are shuffled. So lengths agree within a batch, and batches differ from pass to pass.
    Among several processes that train together, each gets its share of every batch, as with `Batches`.

    Args:
        examples: inputs (N, T) int64, padded with 0 behind; targets (N, ...), on the device to train on.
        batch_size: sentences in a batch, at least 1; the last batch of a pool holds what is left.
        generator: a generator on the CPU, the source of all order; None keeps the given order, pool by pool.
        pool: batches in a pool; 1 gives random batches.

    Raises:
        ValueError: without examples, or with a batch size or a pool below 1.
    """

    def __init__(
        self, examples: Examples, batch_size: int, *, generator: torch.Generator | None = None, pool: int = 100
    ) -> None:
        if min(len(examples), batch_size, pool) < 1:
            raise ValueError(f"at least 1: {len(examples)=}, {batch_size=}, {pool=}")
        self.examples = examples
        self.batch_size = batch_size
        self.pool = pool  # batches in a pool
        self.generator = generator
        self.lengths = (examples.inputs != 0).sum(dim=1).clamp(min=1).cpu()  # (N,)

    def __len__(self) -> int:
        """The number of batches in a pass."""
        return math.ceil(len(self.examples) / self.batch_size)

    def order(self, count: int) -> Tensor:
        """The numbers below count, in random order; in their own without a generator."""
        if self.generator is None:
            return torch.arange(count)
        return torch.randperm(count, generator=self.generator)

    def rows(self) -> list[Tensor]:
        """The row numbers of each batch, in a new order at each call."""
        batches: list[Tensor] = []
        sentences = self.order(len(self.examples))
        for pool in torch.split(sentences, self.pool * self.batch_size):
            by_length = pool[self.lengths[pool].argsort(stable=True)]
            batches += torch.split(by_length, self.batch_size)
        return [batches[index] for index in self.order(len(batches))]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        inputs = self.examples.inputs
        batches = self.rows()
        check_shares(min(len(rows) for rows in batches))
        for rows in batches:
            longest = int(self.lengths[rows].max())
            here = share(rows).to(inputs.device)
            yield inputs[here, :longest], self.examples.targets[here]
