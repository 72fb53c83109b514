"""Checks on tensors that PyTorch itself lets pass in silence."""

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
