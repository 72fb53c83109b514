"""What the programs share: small real data that scikit-learn brings, and the usual way to train on it."""

import itertools
import string
from typing import Any

import torch
from sklearn import datasets
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

Batches = list[tuple[Tensor, Tensor]]
Data = tuple[Tensor, Tensor]


def in_batches(inputs: Tensor, targets: Tensor, size: int = 32) -> Batches:
    """Cut examples into batches, in their order."""
    return list(zip(inputs.split(size), targets.split(size), strict=True))


def usual(model: nn.Module, loss_fn: Any, data: Data, *, rate: float = 0.01, size: int = 32, **others: Any) -> dict:
    """Train on four fifths, validate on the last fifth, with Adam; ``others`` are added or take their place."""
    inputs, targets = data
    cut = len(inputs) * 4 // 5
    given = {
        "model": model,
        "loss_fn": loss_fn,
        "batches": in_batches(inputs[:cut], targets[:cut], size),
        "valid": in_batches(inputs[cut:], targets[cut:], size),
        "optimizer": others.get("optimizer") or torch.optim.Adam(model.parameters(), lr=rate),
    }
    return given | others


def shuffled(inputs: Tensor, targets: Tensor, count: int | None = None) -> Data:
    """Return the first so many of the examples in a random order that is always the same."""
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(7))[:count]
    return inputs[order], targets[order]


def digits(count: int = 320) -> Data:
    """Handwritten digits of 8x8 pixels, standardized: (N, 1, 8, 8) and labels 0 to 9."""
    raw = datasets.load_digits()
    images = (torch.tensor(raw.images, dtype=torch.float32) / 16 - 0.305) / 0.376
    return shuffled(images.unsqueeze(1), torch.tensor(raw.target), count)


def table(name: str) -> Data:
    """A table of scikit-learn, its columns standardized: ``wine``, ``iris`` or ``breast_cancer``; labels are whole."""
    raw = getattr(datasets, f"load_{name}")()
    rows = torch.tensor(raw.data, dtype=torch.float32)
    return shuffled((rows - rows.mean(0)) / rows.std(0), torch.tensor(raw.target))


def diabetes() -> Data:
    """Ten standardized measurements of 442 people, and how their illness went on: (N, 10) and (N, 1)."""
    raw = datasets.load_diabetes()
    rows, course = torch.tensor(raw.data, dtype=torch.float32), torch.tensor(raw.target, dtype=torch.float32)
    return shuffled(rows * 21, ((course - course.mean()) / course.std()).unsqueeze(1))


CHARACTERS = string.ascii_lowercase + " ."


def text(length: int = 17) -> Tensor:
    """Pieces of an English text as numbers of characters: (N, length)."""
    words = datasets.load_breast_cancer().DESCR.lower()
    kept = torch.tensor([CHARACTERS.index(letter) for letter in words if letter in CHARACTERS])
    pieces = kept[: len(kept) // length * length].view(-1, length)
    return shuffled(pieces, pieces, 128)[0]


def next_character(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy at every place: outputs (B, T, V), targets (B, T)."""
    return cross_entropy(outputs.flatten(0, 1), targets.flatten())


def small_cnn(classes: int = 10) -> nn.Sequential:
    """A convolutional network for the digits."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 16, classes)
    )


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers of these widths, with ReLU between them."""
    layers: list[nn.Module] = []
    for inside, outside in itertools.pairwise(widths):
        layers += [nn.Linear(inside, outside), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
