"""Models that more than one chapter uses. None of them prints; the perceptron alone brings its own learning rule."""

from helpers.models.linear import LogisticRegression, SoftmaxRegression
from helpers.models.mlp import MLP
from helpers.models.perceptron import Perceptron

__all__ = ["MLP", "LogisticRegression", "Perceptron", "SoftmaxRegression"]
