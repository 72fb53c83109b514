"""Metrics: tensors -> float (or a table of counts), never a graph.

A metric that compares labels takes `predictions` in one of three forms, told apart by shape and dtype:

- (B, K) float logits, K >= 2: the class with the largest logit is predicted, the first one in a tie;
- (B,) float logits of class 1 against class 0: class 1 is predicted above 0;
- (B,) integers: the predicted labels themselves.

`labels` (B,) are integers from 0 to K - 1. Both may be on any device. Whatever has no example, another length, a
label out of range or a NaN is a ValueError. Probabilities where logits are expected bring a warning.
"""

from helpers.metrics.counts import accuracy, confusion_matrix, f1, precision, recall
from helpers.metrics.overlap import dice_scores, false_alarms, mean_dice
from helpers.metrics.scores import auroc, calibration_error
from helpers.metrics.surfaces import surface_distances

__all__ = [
    "accuracy",
    "auroc",
    "calibration_error",
    "confusion_matrix",
    "dice_scores",
    "f1",
    "false_alarms",
    "mean_dice",
    "precision",
    "recall",
    "surface_distances",
]
