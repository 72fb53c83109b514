"""Checks on tensors that PyTorch itself lets pass in silence."""

import warnings

from torch import Tensor


def check_same_shape(predictions: Tensor, targets: Tensor) -> None:
    """Refuse two tensors of different shapes, since arithmetic would broadcast them without a word.

    Args:
        predictions: any shape.
        targets: must have the same shape.

    Raises:
        ValueError: the shapes differ. A ``(B, 1)`` against a ``(B,)`` would become ``(B, B)``.
    """
    if predictions.shape != targets.shape:
        raise ValueError(
            f"expected predictions and targets of the same shape, got {tuple(predictions.shape)} and "
            f"{tuple(targets.shape)}; reshape one of them, for example with squeeze(-1)"
        )


def check_labels(logits: Tensor, labels: Tensor) -> None:
    """Refuse labels that are not one class number for each place where the logits score the classes.

    Args:
        logits: shape (B, K) or (B, K, ...), one score per class.
        labels: must have shape (B,) or (B, ...).

    Raises:
        ValueError: the shapes do not fit. Says what to do with one-hot targets and with a column of labels.

    Warns if the logits come straight out of a softmax or a sigmoid, since a loss would apply another one.
    """
    scores, got = tuple(logits.shape), tuple(labels.shape)
    if len(scores) < 2:
        raise ValueError(f"expected logits of shape (B, K), one score per class, got {scores}")
    wanted = scores[:1] + scores[2:]
    if got == wanted:
        _warn_of_probabilities(logits)
        return
    hint = ""
    if got == scores:
        hint = "; these look like one-hot targets: make them labels with argmax(dim=1)"
    elif got == (*wanted[:1], 1, *wanted[1:]):
        hint = "; drop their second dimension with squeeze(1)"
    raise ValueError(f"logits of shape {scores} need labels of shape {wanted}, one class number each, got {got}{hint}")


def _warn_of_probabilities(logits: Tensor) -> None:
    """Ask the graph, not the values: that is certain, costs nothing, and does not wait for a GPU."""
    operation = logits.grad_fn.name() if logits.grad_fn is not None else ""
    if operation.startswith(("SoftmaxBackward", "SigmoidBackward")):
        layer = operation.partition("Backward")[0].lower()
        warnings.warn(
            f"expected logits, got what comes out of a {layer}: this loss applies a softmax itself, and two of them "
            f"learn slowly and are never sure; drop the model's {layer}",
            stacklevel=4,
        )
