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


def test_pairs_go_through_one_transform_together():
    examples = data.Examples(torch.arange(10.0)[:, None], torch.arange(10))
    draw = generator()

    def shifted(inputs, targets):
        by = torch.randint(100, (len(inputs),), generator=draw)
        return inputs + by[:, None], targets + by

    pairs = data.AugmentedPairs(data.Batches(examples, 4, generator=generator(1)), shifted)
    passes = [list(pairs), list(pairs)]
    assert len(pairs) == 3
    inputs, targets = (torch.cat(part) for part in zip(*passes[0], strict=True))
    assert torch.equal(inputs[:, 0].long(), targets)
    assert sorted(targets.tolist()) != sorted(torch.cat([t for _, t in passes[1]]).tolist())
