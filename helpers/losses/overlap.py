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
    probabilities = logits.float().softmax(dim=1)
    targets = one_hot(labels, logits.shape[1])
    if not background:
        probabilities = probabilities[:, 1:]
        targets = targets[:, 1:]
    return probabilities, targets


def dice(logits: Tensor, labels: Tensor, *, background: bool = False, batch: bool = False) -> Tensor:
    """Soft Dice loss: 1 - 2 |P T| / (|P| + |T|), averaged over the classes, with the softmax's probabilities P.

    A class that is neither there nor predicted costs nothing.

    Args:
        logits, labels, background: see above.
        batch: whether the volumes of a batch count as one large volume; otherwise each has its own loss.

    Source: Milletari, Navab and Ahmadi, 2016, V-Net, arXiv:1606.04797.
    """
    probabilities, targets = regions(logits, labels, background)
    axes = list(range(2, logits.ndim))  # depth, height and width
    if batch:
        axes.append(0)  # and the volumes of the batch
    both = (probabilities * targets).sum(dim=axes)  # (B, K), or (K,) for a batch as one
    predicted = probabilities.sum(dim=axes)
    there = targets.sum(dim=axes)
    score = (2 * both + SMOOTH) / (predicted + there + SMOOTH)
    return (1 - score).mean()


def generalized_dice(logits: Tensor, labels: Tensor, *, background: bool = False) -> Tensor:
    """Generalized Dice loss: one ratio over all classes, each weighted by one over its volume squared.

    A class that is not there weighs as much as the heaviest that is. If no class is there, all weights are zero: false
    alarms in an empty volume cost nothing, so do not use this loss alone.

    Source: Sudre et al., 2017, arXiv:1707.03237.
    """
    probabilities, targets = regions(logits, labels, background)
    axes = list(range(2, logits.ndim))  # depth, height and width
    both = (probabilities * targets).sum(dim=axes)  # (B, K)
    predicted = probabilities.sum(dim=axes)
    there = targets.sum(dim=axes)
    weights = torch.where(there > 0, 1 / there**2, 0)
    heaviest = weights.amax(dim=1, keepdim=True)
    weights = torch.where(there > 0, weights, heaviest)  # for a class that is not there
    overlap = (weights * both).sum(dim=1)  # (B,)
    total = (weights * (predicted + there)).sum(dim=1)
    return (1 - (2 * overlap + SMOOTH) / (total + SMOOTH)).mean()
