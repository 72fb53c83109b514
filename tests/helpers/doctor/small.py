"""The smallest programs that a check can be tried on."""

import torch
from torch import nn

from helpers.doctor.probing.program import Program
from helpers.doctor.probing.state import restored


def program(model, loss_fn=None, data=None, *, size=16, rate=0.01, **others):
    """A program that trains this model on (inputs, targets), in their order, with Adam."""
    batches = others.pop("batches", None)
    if batches is None:
        inputs, targets = data
        parts = (
            zip(*(part.split(size) for part in inputs), strict=True)
            if isinstance(inputs, tuple)
            else inputs.split(size)
        )
        batches = list(zip(parts, targets.split(size), strict=True))
    if "optimizer" not in others:
        others["optimizer"] = torch.optim.Adam(model.parameters(), lr=rate)
    return Program(model, loss_fn, batches, **others)


def causes(check, given):
    """The causes that a check names, with their grades; the program is put back after it."""
    given.sample  # noqa: B018  read before the check, as examine does
    with restored(given):
        return {finding.cause: finding.grade for finding in check(given)}


def blobs(count=192, features=6, classes=3, spread=0.5):
    """Points around one center a class: (count, features) and labels (count,)."""
    labels = torch.arange(count) % classes
    centers = 3 * torch.randn(classes, features)
    order = torch.randperm(count)
    return (centers[labels] + spread * torch.randn(count, features))[order], labels[order]


def line(count=128, features=4):
    """Points and a linear target with a little noise: (count, features) and (count, 1)."""
    inputs = torch.randn(count, features)
    return inputs, inputs @ torch.ones(features, 1) + 0.1 * torch.randn(count, 1)


def mlp(inside=6, outside=3, *last):
    """Two linear layers with ReLU between them, and what comes last."""
    return nn.Sequential(nn.Linear(inside, 12), nn.ReLU(), nn.Linear(12, outside), *last)
