"""What the metrics accept, checked and brought to the CPU without a graph."""

import warnings
from typing import Any

from torch import Tensor

Task = dict[str, Any]  # torchmetrics' arguments `task` and `num_classes`


def labels_of(predictions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, int]:
    """Predicted labels (B,) and true labels (B,), int64 on the CPU, and the number of classes K."""
    if predictions.is_floating_point():
        values, true, kind = logits_of(predictions, labels)
        if values.ndim == 2:
            return values.argmax(dim=1), true, kind["num_classes"]
        warn_of_probabilities(values)
        return (values > 0).long(), true, kind["num_classes"]
    if predictions.ndim != 1:
        raise ValueError(f"Predicted labels should have shape (B,), but are {_described(predictions)}.")
    _check(predictions, labels)
    predicted, true = predictions.detach().cpu().long(), labels.detach().cpu().long()
    classes = max(2, int(predicted.max()) + 1, int(true.max()) + 1)
    _check_range("Predicted labels", predicted, classes)
    _check_range("Labels", true, classes)
    return predicted, true, classes


def logits_of(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Task]:
    """Logits (B,) or (B, K) in double precision and true labels (B,), on the CPU; what torchmetrics calls the task."""
    if not logits.is_floating_point() or logits.ndim not in (1, 2) or logits.shape[1:] == (1,):
        raise ValueError(
            "Logits should be floats of shape (B,) for two classes or (B, K) with K >= 2, but are "
            f"{_described(logits)}. squeeze(1) makes (B, 1) into (B,)."
        )
    _check(logits, labels)
    if logits.isnan().any():
        raise ValueError("Logits should be numbers, but hold NaN. Check the inputs and the loss for NaN.")
    task, classes = ("binary", 2) if logits.ndim == 1 else ("multiclass", logits.shape[1])
    true = labels.detach().cpu().long()
    _check_range("Labels", true, classes)
    return logits.detach().cpu().double(), true, {"task": task, "num_classes": classes}


def warn_of_probabilities(logits: Tensor) -> None:
    """Warn if logits (B,) or (B, K) look like probabilities.

    Logits may lie between 0 and 1 too, in a model that has not learned yet. So those of two classes must also fall on
    both sides of 0.5, where a probability would be cut, and rows of several must add up to 1.
    """
    low, high = (float(bound) for bound in logits.aminmax())
    if low < 0 or high > 1:
        return
    if logits.ndim == 1 and low < 0.5 < high:
        meaning, logit = "class 1 is predicted for every example", "torch.logit(probabilities)"
    elif logits.ndim == 2 and bool((logits.sum(dim=1) - 1).abs().max() < 1e-3):
        meaning, logit = "a softmax of them is never sure", "probabilities.log()"
    else:
        return
    warnings.warn(
        f"All predictions lie between {low:.3g} and {high:.3g}. As logits, which are expected here, they mean that "
        f"{meaning}. If they are probabilities, pass what they were made of, or {logit}.",
        stacklevel=5,
    )


def _check(predictions: Tensor, labels: Tensor) -> None:
    if labels.ndim != 1 or labels.is_floating_point() or len(labels) == 0:
        raise ValueError(f"Labels should be integers of shape (B,), B >= 1, but are {_described(labels)}.")
    if len(predictions) != len(labels):
        raise ValueError(f"Each of {len(labels)} labels needs one prediction, but came {_described(predictions)}.")


def _check_range(what: str, labels: Tensor, classes: int) -> None:
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise ValueError(
            f"{what} should be from 0 to {classes - 1}, but go from {int(labels.min())} to {int(labels.max())}. "
            "Logits (B,) are for two classes; for K classes pass (B, K)."
        )


def _described(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
