"""The real Fashion-MNIST, gzipped anew by Debian's package dataset-fashion-mnist; no network is needed."""

from pathlib import Path

import pytest
import torch

from helpers import data

INSTALLED = Path("/usr/share/datasets")

pytestmark = pytest.mark.skipif(
    not (INSTALLED / "fashion-mnist").is_dir(),
    reason="the real Fashion-MNIST is not installed (Debian and Ubuntu: apt install dataset-fashion-mnist)",
)


@pytest.fixture(scope="module")
def splits():
    return data.load("fashion-mnist", seed=0, cache=INSTALLED)


def test_it_is_the_published_data_set(splits):
    """The mean and the standard deviation of the training images are those that its users quote: 0.2860, 0.3530."""
    assert [len(part) for part in (splits.train, splits.valid, splits.test)] == [50_000, 10_000, 10_000]
    images = torch.cat([splits.train.inputs, splits.valid.inputs])
    assert images.mean().item() == pytest.approx(0.2860, abs=5e-5)
    assert images.std().item() == pytest.approx(0.3530, abs=5e-5)
    labels = torch.cat([splits.train.targets, splits.valid.targets])
    assert labels.bincount().tolist() == [6000] * 10
    assert splits.test.targets.bincount().tolist() == [1000] * 10


def test_a_linear_map_learns_most_of_it_in_two_passes(splits):
    """Two passes reach 0.82 or more; labels or pixels out of order would leave a tenth."""
    generator = torch.Generator().manual_seed(0)
    model = torch.nn.Linear(784, 10)
    torch.nn.init.zeros_(model.weight)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(2):
        for images, labels in data.Batches(splits.train, 256, generator=generator):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images.flatten(1)), labels).backward()
            optimizer.step()
    with torch.no_grad():
        right = model(splits.test.inputs.flatten(1)).argmax(dim=1) == splits.test.targets
    assert right.float().mean().item() > 0.8
