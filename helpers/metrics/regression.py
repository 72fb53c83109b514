"""Metrics of regression. The root mean squared error is among the losses: ``losses.rmse``."""

from torch import Tensor

from helpers.metrics.inputs import numbers_of


def mean_absolute_error(predictions: Tensor, targets: Tensor) -> float:
    """The mean of |prediction - target| over tensors of one shape: 0 or more, in the targets' unit."""
    predicted, true = numbers_of(predictions, targets)
    return float((predicted - true).abs().mean())
