"""Losses that compare each prediction with its own target, and then average."""

import torch
from torch import Tensor
from torch.nn import functional

from helpers.runtime import check_labels, check_same_shape


def squared_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error.

    Args:
        predictions: floating point, any shape, in the unit of the target.
        targets: same shape.

    Returns:
        Scalar in [0, inf), in the target's unit squared.

    Raises:
        ValueError: the shapes differ.
    """
    check_same_shape(predictions, targets)
    return ((predictions - targets) ** 2).mean()


def rmse(predictions: Tensor, targets: Tensor) -> Tensor:
    """Root mean squared error.

    Args:
        predictions: floating point, any shape, in the unit of the target.
        targets: same shape.

    Returns:
        Scalar in [0, inf), in the target's own unit. Its gradient is not finite where the error is zero.

    Raises:
        ValueError: the shapes differ.
    """
    check_same_shape(predictions, targets)
    return ((predictions - targets) ** 2).mean().sqrt()


def kl_divergence(truth: Tensor, predicted: Tensor) -> Tensor:
    """Kullback-Leibler divergence KL(truth || predicted), averaged over the batch.

    Args:
        truth: probabilities, shape (B, K), rows sum to 1. Zeros are allowed: 0 log 0 counts as 0.
        predicted: probabilities, same shape; zero where the truth is not gives infinity.

    Returns:
        Scalar in [0, inf], in nats.

    Raises:
        ValueError: the shapes differ.
    """
    check_same_shape(truth, predicted)
    entries = torch.xlogy(truth, truth) - torch.xlogy(truth, predicted)
    return entries.sum(dim=1).mean()


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy from logits, finite for every finite logit.

    With softplus(z) = log(1 + exp(z)), -log sigmoid(z) is softplus(-z) and -log(1 - sigmoid(z)) is softplus(z).
    Both terms are positive; the shorter softplus(z) - y z subtracts two near numbers when the model is right, and
    loses the digits of a small loss.

    Args:
        logits: floating point, shape (B,), before the sigmoid.
        targets: shape (B,), 0 or 1 (or a probability between them), any dtype.

    Returns:
        Scalar in [0, inf), in nats.

    Raises:
        ValueError: the shapes differ.
    """
    check_same_shape(logits, targets)
    positive = functional.softplus(-logits)  # -log p, what a row of class 1 costs
    negative = functional.softplus(logits)  # -log(1 - p), what a row of class 0 costs
    return (targets * positive + (1 - targets) * negative).mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of a softmax, from logits and class numbers, finite for every finite logit.

    -log softmax(z)[y] = logsumexp(z) - z[y].

    Args:
        logits: floating point, shape (B, K).
        labels: int64, shape (B,), 0 to K - 1.

    Returns:
        Scalar in [0, inf), in nats.

    Raises:
        ValueError: the labels are not one number per row of the logits.
    """
    check_labels(logits, labels)
    columns = labels.unsqueeze(1)  # (B,) -> (B, 1): one column for each row
    picked = logits.gather(1, columns)  # (B, 1): the logit of the true class
    picked = picked.squeeze(1)  # (B, 1) -> (B,)
    return (torch.logsumexp(logits, dim=1) - picked).mean()
