"""Metrics: tensors -> float (or a table of counts), never a graph.

A metric that compares labels takes `predictions` in one of three forms, told apart by shape and dtype:

- (B, K) float logits, K >= 2: the class with the largest logit is predicted, the first one in a tie;
- (B,) float logits of class 1 against class 0: class 1 is predicted above 0;
- (B,) integers: the predicted labels themselves.

`labels` (B,) are integers from 0 to K - 1. Both may be on any device. Whatever has no example, another length, a
label out of range or a NaN is a ValueError. Precision, recall and F1 come from the confusion matrix, divided in
double precision, so that 95 of 100 is 0.95 and not a little less.

Source: torchmetrics 1.9; definitions as in scikit-learn's user guide, section 3.4.
"""

from typing import Literal

import torch
from torch import Tensor
from torchmetrics.functional import classification, regression

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
    predicted, true, found = _labels(predictions, labels)
    if found > classes:
        raise ValueError(f"classes should be at least {found}, as the predictions and labels say, but is {classes}.")
    return classification.multiclass_confusion_matrix(predicted, true, classes, validate_args=False)


def auroc(logits: Tensor, labels: Tensor) -> float:
    """The area under the ROC curve, 0 to 1: how often an example of a class scores above one that is not in it.

    Ties count half; 0.5 is chance. Any two logits that differ are told apart, however large they are.

    Args:
        logits: (B,) float, of class 1; or (B, K) float, for the mean over the classes, each against the rest, by
            their softmax.
        labels: (B,) integers. Every class must occur, since no pair of examples tells about one that does not.
    """
    scores, true, classes = _scores(logits, labels)
    if len(true.unique()) < classes:
        raise ValueError(
            f"The ROC curve needs examples of all {classes} classes, but the labels are only "
            f"{true.unique().tolist()}. Score a larger set, or one split by class (stratified)."
        )
    if scores.ndim == 1:
        return float(classification.binary_auroc(scores, true))
    return float(classification.multiclass_auroc(scores, true, classes, average="macro"))


def average_precision(logits: Tensor, labels: Tensor) -> float:
    """Precision averaged over the examples of class 1 from the highest logit down, 0 to 1: the area under its steps.

    Args:
        logits: as for `auroc`.
        labels: (B,) integers. Class 1 must occur; with (B, K) logits, every class.
    """
    scores, true, classes = _scores(logits, labels)
    needed = {1} if scores.ndim == 1 else set(range(classes))
    if missing := needed - set(true.tolist()):
        raise ValueError(
            f"Average precision needs examples of class {sorted(missing)}, but the labels are only "
            f"{true.unique().tolist()}. Score a larger set, or one split by class (stratified)."
        )
    if scores.ndim == 1:
        return float(classification.binary_average_precision(scores, true))
    return float(classification.multiclass_average_precision(scores, true, classes, average="macro"))


def calibration_error(logits: Tensor, labels: Tensor, *, bins: int = 10) -> float:
    """Expected calibration error, 0 to 1: how far predicted probability and observed frequency lie apart.

    Args:
        logits: (B,) float: the probability of class 1, by the sigmoid, against how often class 1 occurs; or (B, K)
            float: the largest probability, by the softmax, against how often that class is the right one.
        labels: (B,) integers.
        bins: equal intervals of probability, at least 1; the distances are averaged by the examples in each.

    Source: Guo et al., 2017, On Calibration of Modern Neural Networks, equation 5.
    """
    if bins < 1:
        raise ValueError(f"bins should be at least 1, but is {bins}.")
    values, true, classes = _logits(logits, labels)
    below_one = torch.nextafter(torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64))
    if values.ndim == 1:  # torchmetrics gives a probability of exactly 1 a bin of its own
        sure = values.sigmoid().clamp(max=below_one)
        return float(classification.binary_calibration_error(sure, true, n_bins=bins))
    sure = values.softmax(dim=1).clamp(max=below_one)
    return float(classification.multiclass_calibration_error(sure, true, classes, n_bins=bins))


def mean_absolute_error(predictions: Tensor, targets: Tensor) -> float:
    """The mean of |prediction - target| over tensors of one shape: 0 or more, in the targets' unit."""
    return float(regression.mean_absolute_error(*_numbers(predictions, targets)))


def root_mean_squared_error(predictions: Tensor, targets: Tensor) -> float:
    """The root of the mean of (prediction - target)^2 over tensors of one shape: 0 or more, in the targets' unit."""
    return float(regression.mean_squared_error(*_numbers(predictions, targets), squared=False))


def _counts(predictions: Tensor, labels: Tensor) -> Tensor:
    """The confusion matrix (K, K) in double precision, K as small as it can be."""
    predicted, true, classes = _labels(predictions, labels)
    return classification.multiclass_confusion_matrix(predicted, true, classes, validate_args=False).double()


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


def _labels(predictions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, int]:
    """Predicted labels (B,) and true labels (B,), int64 on the CPU, and the number of classes K."""
    if predictions.is_floating_point():
        values, true, classes = _logits(predictions, labels)
        return (values.argmax(dim=1) if values.ndim == 2 else (values > 0).long()), true, classes
    _check(predictions, labels)
    predicted, true = predictions.detach().cpu().long(), labels.detach().cpu().long()
    classes = max(2, int(predicted.max()) + 1, int(true.max()) + 1)
    _check_range(predicted, classes)
    _check_range(true, classes)
    return predicted, true, classes


def _logits(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, int]:
    """Logits (B,) or (B, K) in double precision, true labels (B,), both on the CPU, and the number of classes K."""
    if not logits.is_floating_point() or logits.ndim not in (1, 2) or logits.shape[1:] == (1,):
        raise ValueError(
            f"Logits should be floats of shape (B,) for two classes or (B, K) with K >= 2, but are {_described(logits)}. "
            "One column is made (B,) by squeeze(1)."
        )
    _check(logits, labels)
    if logits.isnan().any():
        raise ValueError("Logits should be numbers, but hold NaN. Check the inputs and the loss for NaN.")
    classes = logits.shape[1] if logits.ndim == 2 else 2
    true = labels.detach().cpu().long()
    _check_range(true, classes)
    return logits.detach().cpu().double(), true, classes


def _scores(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, int]:
    """As `_logits`, in [0, 1], where torchmetrics would else round large logits to ties: ranks, or the softmax."""
    values, true, classes = _logits(logits, labels)
    if values.ndim == 2:
        return values.softmax(dim=1), true, classes
    ranks = values.unique(return_inverse=True)[1].double()
    return ranks / ranks.max().clamp(min=1), true, classes


def _numbers(predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    if predictions.shape != targets.shape or targets.numel() == 0:
        raise ValueError(
            f"Predictions and targets should have one shape and an element at least, but are "
            f"{_described(predictions)} and {_described(targets)}."
        )
    return predictions.detach().cpu().double(), targets.detach().cpu().double()


def _check(predictions: Tensor, labels: Tensor) -> None:
    if labels.ndim != 1 or labels.is_floating_point() or len(labels) == 0:
        raise ValueError(f"Labels should be integers of shape (B,), B >= 1, but are {_described(labels)}.")
    if len(predictions) != len(labels) or (predictions.ndim != 1 and not predictions.is_floating_point()):
        raise ValueError(
            f"There should be one prediction for each of the {len(labels)} labels, but predictions are "
            f"{_described(predictions)}."
        )


def _check_range(labels: Tensor, classes: int) -> None:
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise ValueError(
            f"Labels should be from 0 to {classes - 1} for {classes} classes, but go from {int(labels.min())} to "
            f"{int(labels.max())}. Logits (B,) are for two classes; for more, pass (B, K)."
        )


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
