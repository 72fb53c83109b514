"""Batches that go through a random transform on their way, anew at each pass."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor

from helpers.data.loaders.batches import Batches


@dataclass(frozen=True)
class Augmented:
    """Batches whose inputs go through a random transform, anew at each pass.

    Among several processes that train together, each changes its own share: seed the transform by rank.

    Args:
        batches: of (inputs, targets).
        transform: (B, ...) -> (B, ...).
    """

    batches: Batches
    transform: Callable[[Tensor], Tensor]

    def __len__(self) -> int:
        """The number of batches in a pass."""
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for inputs, targets in self.batches:
            yield self.transform(inputs), targets
