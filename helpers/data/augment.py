"""Random crops and flips for a whole batch at once, on the device where the batch is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.data.batches import Batches


def crop_and_flip(images: Tensor, padding: int = 4, *, generator: torch.Generator) -> Tensor:
    """Shift each image by up to `padding` pixels in each direction, and mirror each with probability 1/2.

    The border is filled by reflection. Every image gets its own shift and its own flip, drawn at each call.

    Args:
        images: (B, C, H, W), any dtype and device.
        padding: the largest shift in pixels, from 0 to below H and W.
        generator: source of the random numbers, on any device; a CPU generator draws the same everywhere.

    Returns:
        (B, C, H, W), a new tensor.
    """
    count, height, width = len(images), images.shape[2], images.shape[3]
    padded = F.pad(images, [padding] * 4, mode="reflect")
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # (B, C, shifts, shifts, H, W), without a copy
    draw = torch.randint(2 * padding + 1, (2, count), generator=generator, device=generator.device)
    down, right = draw.to(images.device)
    cropped = windows[torch.arange(count, device=images.device), :, down, right]  # (B, C, H, W)
    coins = torch.rand(count, generator=generator, device=generator.device).to(images.device)
    return torch.where(coins[:, None, None, None] < 0.5, cropped.flip(3), cropped)


@dataclass(frozen=True)
class Augmented:
    """Batches whose inputs go through a random transform, anew at each pass.

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
