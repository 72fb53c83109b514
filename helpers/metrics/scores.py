"""Metrics that look at the logits themselves: how well they rank, and how far their probabilities can be believed."""

from typing import cast

import torch
from torch import Tensor

from helpers.metrics.inputs import Task, logits_of, warn_of_probabilities


def auroc(logits: Tensor, labels: Tensor) -> float:
    """The area under the ROC curve, 0 to 1: how often an example of a class scores above one that is not in it.

    Ties count half; 0.5 is chance. Any two logits that differ are told apart, however large they are.

    Args:
        logits: (B,) float, of class 1; or (B, K) float, for the mean over the classes, each against the rest, by
            their softmax.
        labels: (B,) integers. Every class must occur, since no pair of examples tells about one that does not.
    """
    from torchmetrics import functional  # here and below, since it takes seconds to import

    scores, true, kind = _scores(logits, labels)
    if missing := sorted(set(range(kind["num_classes"])) - set(true.tolist())):
        raise ValueError(
            f"The ROC curve needs examples of every class, but the labels hold none of {missing}. "
            "Score a larger set, or one split by class (stratified)."
        )
    return float(cast(Tensor, functional.auroc(scores, true, **kind)))


def calibration_error(logits: Tensor, labels: Tensor, *, bins: int = 10) -> float:
    """Expected calibration error, 0 to 1: how far predicted probability and observed frequency lie apart.

    Args:
        logits: (B,) float: the probability of class 1, by the sigmoid, against how often class 1 occurs; or (B, K)
            float: the largest probability, by the softmax, against how often that class is the right one.
        labels: (B,) integers.
        bins: equal intervals of probability, at least 1; the distances are averaged by the examples in each.

    Source: Guo et al., 2017, On Calibration of Modern Neural Networks, equation 3.
    """
    from torchmetrics import functional

    if bins < 1:
        raise ValueError(f"bins should be at least 1, but is {bins}.")
    values, true, kind = logits_of(logits, labels)
    warn_of_probabilities(values)
    sure = values.sigmoid() if values.ndim == 1 else values.softmax(dim=1)
    sure = sure.clamp(max=1 - 2**-53)  # torchmetrics would give a probability of exactly 1 a bin of its own
    return float(functional.calibration_error(sure, true, n_bins=bins, **kind))


def _scores(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Task]:
    """As `logits_of`, but in [0, 1]: ranks, since torchmetrics would round large logits to ties; or the softmax."""
    values, true, kind = logits_of(logits, labels)
    if values.ndim == 2:
        return values.softmax(dim=1), true, kind
    ranks = torch.unique(values, return_inverse=True)[1].double()
    return ranks / ranks.max().clamp(min=1), true, kind
