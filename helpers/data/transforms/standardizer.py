"""Standardising: every feature to mean 0 and standard deviation 1, measured on the training set."""

from torch import Tensor


class Standardizer:
    """Shifts and scales each feature by the mean and standard deviation of the inputs it was fitted on.

    Args:
        mean: (...), each feature's mean.
        std: (...), each feature's standard deviation (of the population: divided by N), not 0.
    """

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        self.mean, self.std = mean, std

    @classmethod
    def fit(cls, inputs: Tensor) -> "Standardizer":
        """Measure inputs (N, ...); a feature that never changes keeps std 1, so it becomes 0."""
        std = inputs.std(dim=0, correction=0)
        std[inputs.amax(dim=0) == inputs.amin(dim=0)] = 1.0
        return cls(inputs.mean(dim=0), std)

    def __call__(self, inputs: Tensor) -> Tensor:
        """(N, ...) -> (N, ...), each feature as (input - mean) / std."""
        return (inputs - self.mean) / self.std
