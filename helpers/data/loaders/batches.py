"""Mini-batches of examples in memory, by slicing tensors."""

from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.data.examples import Examples
from helpers.runtime import share, world_size

COPY_BYTES = 2**20  # the fastest of 2**16 to 2**23 in benchmarks, for tables as for colour images


class Batches:
    """Mini-batches of `examples`, in a new random order at each pass.

    One permutation is drawn per pass, and each batch (inputs, targets) is a slice of rows that were copied in that
    order. Without shuffling, a batch is a view of the examples themselves: do not change it in place.

    Among several processes that train together, `batch_size` is that of all of them, and each gets its share of every
    batch. Their generators must have one seed, so that all draw the same order.

    Args:
        examples: inputs (N, ...) and targets (N, ...), on the device to train on.
        batch_size: examples in a batch, at least 1; the last batch holds what is left.
        generator: a generator on the CPU, the source of the order. It is the attribute `generator`, so that a
            checkpoint can keep its state.
        shuffle: False gives the examples in their own order, and needs no generator.
        drop_last: True leaves out a last batch that is smaller than the others.

    Raises:
        ValueError: without examples, with a batch size below 1, without a generator to shuffle by, or if
            dropping the last batch leaves none.
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
        if len(self) == 0:
            raise ValueError(
                f"drop_last=True leaves no batch: {len(examples)} examples do not fill one of {batch_size}. "
                "Choose a smaller batch_size, or drop_last=False."
            )

    def __len__(self) -> int:
        """The number of batches in a pass."""
        whole, rest = divmod(len(self.examples), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        if world_size() == 1:
            return self._whole_batches()
        smallest = self.batch_size if self.drop_last else (len(self.examples) - 1) % self.batch_size + 1
        check_shares(smallest)
        return ((share(inputs), share(targets)) for inputs, targets in self._whole_batches())

    def _whole_batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        inputs, targets, size = self.examples.inputs, self.examples.targets, self.batch_size
        rows = len(self) * size if self.drop_last else len(inputs)
        if not self.shuffle:
            yield from zip(torch.split(inputs[:rows], size), torch.split(targets[:rows], size), strict=True)
            return
        order = torch.randperm(len(inputs), generator=self.generator)[:rows].to(inputs.device)
        for chosen in torch.split(order, self._rows_at_once()):
            some, theirs = inputs.index_select(0, chosen), targets.index_select(0, chosen)
            yield from zip(torch.split(some, size), torch.split(theirs, size), strict=True)

    def _rows_at_once(self) -> int:
        """How many rows to copy together, in whole batches."""
        # Many small batches, since a copy costs more than a slice of it; few large ones, since a copy that outgrows
        # the processor's cache is slow to write and slow to read again.
        batch_bytes = self.batch_size * self.examples.inputs.nbytes // len(self.examples)
        return self.batch_size * max(1, COPY_BYTES // max(1, batch_bytes))


def check_shares(smallest: int) -> None:
    """Refuse a batch that leaves a process without an example: it would wait for the others, and they for it.

    Args:
        smallest: examples in the smallest batch of a pass.

    Raises:
        ValueError: there are more processes than that.
    """
    if smallest < world_size():
        raise ValueError(
            f"The smallest batch has too few examples for {world_size()} processes, each of which needs one: "
            f"{smallest}. Choose another batch_size, or drop_last=True."
        )
