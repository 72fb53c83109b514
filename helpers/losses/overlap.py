"""Losses that compare regions: how far do what is predicted and what is there overlap? (u-net chapter)

All take logits (B, K, ...), floating point, and labels (B, ...), int64, 0 to K - 1. Class 0 is the background, which
counts only if `background` is true. All return a scalar in [0, 1] and raise ValueError if the labels are not one
number for each voxel of the logits.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from helpers.runtime import check_labels

SMOOTH = 1e-5  # keeps 0/0 away where a class is neither there nor predicted


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Labels (B, ...) int64 as indicators (B, classes, ...) float32, with the classes second as in logits."""
    return F.one_hot(labels, classes).movedim(-1, 1).float()


def regions(logits: Tensor, labels: Tensor, background: bool) -> tuple[Tensor, Tensor]:
    """The regions predicted, as probabilities, and those there, as indicators: two of (B, classes that count, ...)."""
    check_labels(logits, labels)
    first = 0 if background else 1
    probabilities = logits.float().softmax(dim=1)
    return probabilities[:, first:], one_hot(labels, logits.shape[1])[:, first:]


def dice(
    logits: Tensor, labels: Tensor, *, background: bool = False, squared: bool = False, batch: bool = False
) -> Tensor:
    """Soft Dice loss: 1 - 2 |P T| / (|P| + |T|), averaged over the classes, with the softmax's probabilities P.

    A class that is neither there nor predicted costs nothing.

    Args:
        logits, labels, background: see above.
        squared: whether |P| is the sum of squares, as in V-Net.
        batch: whether the volumes of a batch count as one large volume; otherwise each has its own loss.

    Source: Milletari, Navab and Ahmadi, 2016, V-Net, arXiv:1606.04797.
    """
    probabilities, targets = regions(logits, labels, background)
    axes = [0, *range(2, logits.ndim)] if batch else list(range(2, logits.ndim))
    both = (probabilities * targets).sum(dim=axes)  # (B, K), or (K,) for a batch as one
    predicted = (probabilities**2 if squared else probabilities).sum(dim=axes)
    score = (2 * both + SMOOTH) / (predicted + targets.sum(dim=axes) + SMOOTH)
    return (1 - score).mean()


def generalized_dice(logits: Tensor, labels: Tensor, *, background: bool = False) -> Tensor:
    """Generalized Dice loss: one ratio over all classes, each weighted by one over its volume squared.

    A class that is not there weighs as much as the heaviest that is. If no class is there, all weights are zero: false
    alarms in an empty volume cost nothing, so do not use this loss alone.

    Source: Sudre et al., 2017, arXiv:1707.03237.
    """
    probabilities, targets = (part.flatten(2) for part in regions(logits, labels, background))  # (B, K, voxels)
    volume = targets.sum(dim=2)  # (B, K)
    weights = torch.where(volume > 0, 1 / volume**2, 0)
    weights = torch.where(volume > 0, weights, weights.amax(dim=1, keepdim=True))
    both = (weights * (probabilities * targets).sum(dim=2)).sum(dim=1)
    either = (weights * (probabilities.sum(dim=2) + volume)).sum(dim=1)
    return (1 - (2 * both + SMOOTH) / (either + SMOOTH)).mean()
