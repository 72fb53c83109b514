"""Mini-batches of examples in memory, by slicing tensors."""

from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.data.examples import Examples


class Batches:
    """Mini-batches of `examples`, in a new random order at each pass.

    Args:
        examples: inputs (N, ...) and targets (N, ...), on the device to train on.
        batch_size: examples in a batch, at least 1; the last batch holds what is left.
        generator: a generator on the CPU, the source of the order. It is the attribute `generator`, so that a
            checkpoint can keep its state.
        shuffle: False gives the examples in their own order, and needs no generator.
        drop_last: True leaves out a last batch that is smaller than the others.

    Raises:
        ValueError: without examples, with a batch size below 1, or without a generator to shuffle by.
    """

    def __init__(
        self,
        examples: Examples,
        batch_size: int,
        *,
        generator: torch.Generator | None = None,
        shuffle: bool = True,
        drop_last: bool = False,
    ) -> None:
        if len(examples) == 0:
            raise ValueError("Batches need at least one example, but came none. Check how they were selected.")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, but is {batch_size}.")
        if shuffle and generator is None:
            raise ValueError(
                "Shuffling needs a source of random numbers, but no generator came. Pass "
                "generator=run.generator(), or shuffle=False to keep the examples in order."
            )
        self.examples, self.batch_size = examples, batch_size
        self.generator, self.shuffle, self.drop_last = generator, shuffle, drop_last

    def __len__(self) -> int:
        """The number of batches in a pass."""
        whole, rest = divmod(len(self.examples), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        examples = self.examples
        if self.shuffle:
            order = torch.randperm(len(examples), generator=self.generator)
            examples = examples[order.to(examples.inputs.device)]
        if self.drop_last:
            examples = examples[: len(self) * self.batch_size]
        return zip(examples.inputs.split(self.batch_size), examples.targets.split(self.batch_size), strict=True)
