"""Batches that change on their way, anew at each pass."""

import torch

from helpers import data
from helpers.data.transforms import crop_and_flip


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_augmented_batches_change_anew_at_each_pass():
    examples = data.Examples(torch.rand(10, 1, 6, 6), torch.arange(10))
    draw = generator()
    batches = data.Batches(examples, 4, shuffle=False)
    augmented = data.Augmented(batches, lambda images: crop_and_flip(images, 2, generator=draw))
    passes = [list(augmented), list(augmented)]
    assert len(augmented) == 3
    for batches_of in passes:
        assert torch.cat([targets for _, targets in batches_of]).tolist() == list(range(10))
    first, second = (torch.cat([inputs for inputs, _ in batches_of]) for batches_of in passes)
    assert not torch.equal(first, second)
