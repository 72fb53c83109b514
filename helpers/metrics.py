"""Metrics: tensors -> float, never a graph.

Every classification metric takes predictions in one of three forms, told apart by shape and dtype:
(B, K) float logits, of which the largest counts; (B,) float logits of class 1, which count as 1 above 0; and
(B,) integer labels that were predicted already.
"""

from typing import Literal

import torch
from torch import Tensor
from torchmetrics.functional import classification, regression

Average = Literal["binary", "macro", "micro", "weighted"]


def _check(predictions: Tensor, labels: Tensor) -> None:
    if labels.numel() == 0:
        raise ValueError("A metric needs at least one example, but came none. Check how they were selected.")
    if labels.ndim != 1 or labels.is_floating_point():
        raise ValueError(
            f"labels must be integers of shape (B,), but have dtype {labels.dtype} and shape {tuple(labels.shape)}."
        )
    if predictions.ndim not in (1, 2) or len(predictions) != len(labels):
        raise ValueError(
            f"predictions must have shape (B,) or (B, K) with B = {len(labels)} as the labels, "
            f"but have shape {tuple(predictions.shape)}."
        )
    if predictions.isnan().any():
        raise ValueError("predictions hold NaN, which is neither right nor wrong. Check the loss and the inputs.")


def _labels(predictions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, int]:
    """The predicted labels (B,), the true labels (B,) and the number of classes."""
    _check(predictions, labels)
    classes = 2
    if predictions.ndim == 2:
        classes = predictions.shape[1]
        predicted = predictions.argmax(dim=1)
    elif predictions.is_floating_point():
        predicted = (predictions > 0).long()
    else:
        predicted = predictions.long()
        classes = int(max(predicted.max(), labels.max(), torch.tensor(1))) + 1
    return predicted.detach().cpu(), labels.detach().cpu().long(), classes


def accuracy(predictions: Tensor, labels: Tensor) -> float:
    """The share of examples whose predicted label is the true one, 0 to 1."""
    predicted, true, classes = _labels(predictions, labels)
    return float(classification.multiclass_accuracy(predicted, true, classes, average="micro"))


def precision(predictions: Tensor, labels: Tensor, *, average: Average = "binary") -> float:
    """Of the examples predicted to be in a class, the share that is; 0 if none is predicted to be."""
    return _averaged("precision", predictions, labels, average)


def recall(predictions: Tensor, labels: Tensor, *, average: Average = "binary") -> float:
    """Of the examples in a class, the share that is predicted to be; 0 if there is none."""
    return _averaged("recall", predictions, labels, average)


def f1(predictions: Tensor, labels: Tensor, *, average: Average = "binary") -> float:
    """The harmonic mean of precision and recall."""
    return _averaged("f1_score", predictions, labels, average)


def _averaged(name: str, predictions: Tensor, labels: Tensor, average: Average) -> float:
    predicted, true, classes = _labels(predictions, labels)
    if average == "binary":
        return float(getattr(classification, f"binary_{name}")(predicted, true))
    return float(getattr(classification, f"multiclass_{name}")(predicted, true, classes, average=average))


def confusion_matrix(predictions: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Counts (classes, classes) int64: row = true label, column = predicted label."""
    predicted, true, _ = _labels(predictions, labels)
    return classification.multiclass_confusion_matrix(predicted, true, classes)


def mean_absolute_error(predictions: Tensor, targets: Tensor) -> float:
    """The mean of |prediction - target|, in the target's unit."""
    return float(regression.mean_absolute_error(predictions.detach(), targets))


def root_mean_squared_error(predictions: Tensor, targets: Tensor) -> float:
    """The root of the mean of (prediction - target)^2, in the target's unit."""
    return float(regression.mean_squared_error(predictions.detach(), targets, squared=False))


def auroc(logits: Tensor, labels: Tensor) -> float:
    """The probability that a random example of class 1 gets a higher logit than one of class 0."""
    _check(logits, labels)
    return float(classification.binary_auroc(logits.detach().double().sigmoid(), labels))


def average_precision(logits: Tensor, labels: Tensor) -> float:
    """The area under the precision-recall curve, as a step sum."""
    _check(logits, labels)
    return float(classification.binary_average_precision(logits.detach().double().sigmoid(), labels))


def calibration_error(logits: Tensor, labels: Tensor, *, bins: int = 10) -> float:
    """Expected calibration error: the mean distance of confidence and frequency over equal bins."""
    _check(logits, labels)
    return float(classification.binary_calibration_error(logits.detach().double().sigmoid(), labels, n_bins=bins))
