"""Metrics that count labels: accuracy, precision, recall, F1 and the confusion matrix they all come from.

The shares are divided in double precision, so that 95 of 100 is 0.95 and not a little less.

Source: scikit-learn's user guide, section 3.4.4, whose conventions these follow.
"""

from typing import Literal

import torch
from torch import Tensor

from helpers.metrics.inputs import labels_of

Average = Literal["binary", "macro", "micro", "weighted"]


def accuracy(predictions: Tensor, labels: Tensor) -> float:
    """The share of examples whose label is predicted right, 0 to 1."""
    matrix = _counts(predictions, labels)
    return float(matrix.trace() / matrix.sum())


def precision(predictions: Tensor, labels: Tensor, *, average: Average = "binary") -> float:
    """Of the examples predicted to be in a class, the share that is in it, 0 to 1; 0 where none is predicted.

    Args:
        predictions: see the module.
        labels: (B,) integers.
        average: "binary" counts class 1 alone; "macro" is the mean over the classes that occur, "weighted" that
            mean by the number of true examples; "micro" counts all classes together, which is the accuracy.
    """
    matrix = _counts(predictions, labels)
    return _averaged(matrix.diag(), matrix.sum(dim=0), matrix, average)


def recall(predictions: Tensor, labels: Tensor, *, average: Average = "binary") -> float:
    """Of the examples in a class, the share predicted to be in it, 0 to 1; 0 where there is none. See `precision`."""
    matrix = _counts(predictions, labels)
    return _averaged(matrix.diag(), matrix.sum(dim=1), matrix, average)


def f1(predictions: Tensor, labels: Tensor, *, average: Average = "binary") -> float:
    """The harmonic mean of precision and recall for each class, averaged as in `precision`, 0 to 1."""
    matrix = _counts(predictions, labels)
    return _averaged(2 * matrix.diag(), matrix.sum(dim=0) + matrix.sum(dim=1), matrix, average)


def confusion_matrix(predictions: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Counts (classes, classes), int64, on the CPU: row = true label, column = predicted label."""
    predicted, true, found = labels_of(predictions, labels)
    if found > classes:
        raise ValueError(f"classes should be at least {found}, as the predictions and labels say, but is {classes}.")
    return _pairs(predicted, true, classes)


def _counts(predictions: Tensor, labels: Tensor) -> Tensor:
    """The confusion matrix (K, K) in double precision, K as small as it can be."""
    predicted, true, classes = labels_of(predictions, labels)
    return _pairs(predicted, true, classes).double()


def _pairs(predicted: Tensor, true: Tensor, classes: int) -> Tensor:
    """Count every pair of true and predicted label, (classes, classes), int64."""
    return torch.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)


def _averaged(hits: Tensor, counts: Tensor, matrix: Tensor, average: str) -> float:
    """hits / counts, each (K,), averaged over the classes of the confusion matrix."""
    ratios = hits / counts.clamp(min=1)
    true = matrix.sum(dim=1)
    match average:
        case "binary" if len(matrix) == 2:
            return float(ratios[1])
        case "micro":
            return float(hits.sum() / counts.sum())
        case "macro":
            return float(ratios[(true + matrix.sum(dim=0)) > 0].mean())
        case "weighted":
            return float((ratios * true).sum() / true.sum())
        case "binary":
            raise ValueError(
                f'average="binary" is for classes 0 and 1, but came {len(matrix)} classes. '
                'Pass average="macro", "micro" or "weighted".'
            )
    raise ValueError(f'average should be "binary", "macro", "micro" or "weighted", but is {average!r}.')
