"""Metrics of regression: the mean absolute error and the root of the mean squared error."""

from torch import Tensor

from helpers.metrics.inputs import numbers_of


def mean_absolute_error(predictions: Tensor, targets: Tensor) -> float:
    """The mean of |prediction - target| over tensors of one shape: 0 or more, in the targets' unit."""
    predicted, true = numbers_of(predictions, targets)
    return float((predicted - true).abs().mean())


def root_mean_squared_error(predictions: Tensor, targets: Tensor) -> float:
    """The root of the mean of (prediction - target)^2 over tensors of one shape: 0 or more, in the targets' unit."""
    predicted, true = numbers_of(predictions, targets)
    return float((predicted - true).square().mean().sqrt())
