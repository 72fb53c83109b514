"""How well two segmentations overlap, counted (u-net chapter)."""

import torch
from torch import Tensor


def dice_scores(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Dice 2 |P T| / (|P| + |T|) of each volume and class, from one count of (volume, label, prediction).

    Args:
        predicted: int64, shape (N, ...), 0 to classes - 1.
        labels: int64, same shape.
        classes: number of classes K.

    Returns:
        Shape (N, K), float64, on the CPU, each 0 to 1; NaN where a volume has no voxel of the class, since no score
        is fair there (see `false_alarms`).

    Raises:
        ValueError: the shapes differ, there is no voxel, or a label is out of range.
    """
    counts = confusions(predicted, labels, classes).double()
    hits = counts.diagonal(dim1=1, dim2=2)
    there, said = counts.sum(dim=2), counts.sum(dim=1)
    return torch.where(there > 0, 2 * hits / (there + said), torch.nan)


def mean_dice(logits: Tensor, labels: Tensor) -> float:
    """Dice averaged over volumes, then over the classes from 1: the background is left out.

    Args:
        logits: floating point, shape (N, K, ...).
        labels: int64, shape (N, ...).

    Returns:
        0 to 1; NaN if no volume holds any of the classes.
    """
    scores = dice_scores(logits.argmax(dim=1), labels, logits.shape[1])
    return float(scores[:, 1:].nanmean(dim=0).nanmean())


def false_alarms(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """How many voxels of each class are predicted where the volume has none of it.

    Args:
        predicted: int64, shape (N, ...), 0 to classes - 1.
        labels: int64, same shape.
        classes: number of classes K.

    Returns:
        Shape (N, K), int64; 0 where the class is there.
    """
    counts = confusions(predicted, labels, classes)
    return torch.where(counts.sum(dim=2) == 0, counts.sum(dim=1), 0)


def confusions(predicted: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Counts (N, classes, classes), int64, on the CPU: volume, true label, predicted label.

    Args:
        predicted: int64, shape (N, ...), 0 to classes - 1.
        labels: int64, same shape.
        classes: number of classes.

    Raises:
        ValueError: the shapes differ, there is no voxel, or a label is out of range.
    """
    if predicted.shape != labels.shape or labels.numel() == 0 or labels.ndim < 2:
        raise ValueError(
            "Predictions and labels should have one shape (N, ...), and one voxel at least, but are "
            f"{tuple(predicted.shape)} and {tuple(labels.shape)}. Logits become predictions by argmax(dim=1)."
        )
    for what, values in (("Predictions", predicted), ("Labels", labels)):
        low, high = (int(bound) for bound in values.aminmax())
        if values.is_floating_point() or low < 0 or high >= classes:
            raise ValueError(f"{what} should be integers from 0 to {classes - 1}, but go from {low} to {high}.")
    # In 32 bits, which are half as many to read and write: the sums below are small.
    pairs = torch.add(predicted.flatten(1).int(), labels.flatten(1).int(), alpha=classes).cpu()
    count = len(labels)
    pairs += torch.arange(count, dtype=torch.int32)[:, None] * classes**2  # each volume counts in a range of its own
    return torch.bincount(pairs.flatten(), minlength=count * classes**2).reshape(count, classes, classes)
