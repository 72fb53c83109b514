"""Rosenblatt's perceptron, the first model that learned (concepts chapter)."""

import torch
from torch import Tensor


class Perceptron:
    """A linear threshold unit with the perceptron learning rule.

    Converges to zero mistakes if and only if a hyperplane separates the classes.
    Source: Rosenblatt, "The Perceptron", Psychological Review 65(6), 1958.

    Args:
        features: number of inputs D.
    """

    def __init__(self, features: int) -> None:
        self.weight = torch.zeros(features)
        self.bias = torch.zeros(())

    def score(self, inputs: Tensor) -> Tensor:
        """Return the signed score, (N, D) -> (N,); 0 is the boundary."""
        return inputs @ self.weight + self.bias

    def predict(self, inputs: Tensor) -> Tensor:
        """Return the class of each row, (N, D) -> (N,) of 0 and 1 (int64)."""
        return (self.score(inputs) > 0).long()

    def fit_epoch(self, inputs: Tensor, targets: Tensor) -> int:
        """Visit every example once, in order, and correct the weights after each mistake.

        Args:
            inputs: float32, shape (N, D).
            targets: 0 or 1, shape (N,).

        Returns:
            The number of mistakes made on the way.
        """
        mistakes = 0
        for x, y in zip(inputs, targets, strict=True):
            error = y - self.predict(x)  # -1, 0 or 1
            self.weight += error * x
            self.bias += error
            mistakes += int(error != 0)
        return mistakes
