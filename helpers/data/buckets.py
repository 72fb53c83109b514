"""Mini-batches of sentences of about the same length, so that little of them is padding (rnn chapter)."""

from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.data.examples import Examples


class BucketBatches:
    """Mini-batches of padded sentences, each cut at its own longest sentence.

    In each pass the sentences are shuffled and dealt into pools. Each pool is sorted by length and cut into batches;
    then the batches are shuffled. So lengths agree within a batch, and batches differ from pass to pass.

    Args:
        examples: inputs (N, T) int64, padded with 0 behind; targets (N,), on the device to train on.
        batch_size: sentences in a batch, at least 1.
        generator: a generator on the CPU, the source of all order; None keeps the given order, pool by pool.
        pool: batches in a pool; 1 leaves the batches random, and cuts them only.

    Raises:
        ValueError: without examples, or with a batch size or a pool below 1.
    """

    def __init__(
        self, examples: Examples, batch_size: int, *, generator: torch.Generator | None = None, pool: int = 100
    ) -> None:
        if len(examples) == 0 or batch_size < 1 or pool < 1:
            raise ValueError(
                "BucketBatches need at least one example, one per batch and one batch per pool, but came "
                f"{len(examples)} examples, batch_size={batch_size} and pool={pool}."
            )
        self.examples, self.batch_size, self.pool = examples, batch_size, pool
        self.generator = generator
        self.lengths = (examples.inputs != 0).sum(dim=1).cpu().clamp(min=1)  # (N,)

    def __len__(self) -> int:
        return -(-len(self.examples) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        inputs, targets = self.examples.inputs, self.examples.targets
        for rows in self.rows():
            here = rows.to(inputs.device)
            yield inputs[here, : int(self.lengths[rows].max())], targets[here]

    def rows(self) -> list[Tensor]:
        """The row numbers of each batch, in a new order at each call."""
        order = self._order(len(self.examples))
        batches: list[Tensor] = []
        for some in order.split(self.batch_size * self.pool):
            by_length = some[self.lengths[some].argsort(stable=True)] if self.pool > 1 else some
            batches += by_length.split(self.batch_size)
        return [batches[index] for index in self._order(len(batches))]

    def _order(self, count: int) -> Tensor:
        if self.generator is None:
            return torch.arange(count)
        return torch.randperm(count, generator=self.generator)
