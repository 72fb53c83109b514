"""Modes that look at, or change, single calls of torch while a model runs."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

DROPOUTS = {
    F.dropout,
    F.dropout1d,
    F.dropout2d,
    F.dropout3d,
    F.alpha_dropout,
    F.feature_alpha_dropout,
    torch.dropout,
    torch.feature_dropout,
    torch.alpha_dropout,
}
SOFTMAXES = {F.softmax, torch.softmax, Tensor.softmax, F.log_softmax, torch.log_softmax, Tensor.log_softmax}


class WithoutDropout(TorchFunctionMode):
    """Switches off every dropout that is called inside."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Pass the input of a dropout through; call everything else as it is."""
        kwargs = dict(kwargs or {})
        if func in DROPOUTS:
            return args[0] if args else kwargs["input"]
        if func is F.scaled_dot_product_attention:
            args, kwargs = args[:4], {**kwargs, "dropout_p": 0.0}
        return func(*args, **kwargs)


class SoftmaxAxes(TorchFunctionMode):
    """Notes the length of the axis of each softmax that is called inside."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[tuple[int, tuple[int, ...]]] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Note (length of the axis, shape) of a softmax; call everything as it is."""
        kwargs = dict(kwargs or {})
        if func in SOFTMAXES:
            given = args[0] if args else kwargs.get("input")
            axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
            if isinstance(given, Tensor) and isinstance(axis, int) and given.dim():
                self.lengths.append((given.shape[axis], tuple(given.shape)))
        return func(*args, **kwargs)


class NotInPlace(TorchFunctionMode):
    """Runs the activations of torch.nn.functional out of place, also where inplace=True is passed."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Turn inplace=True into False; call everything else as it is."""
        kwargs = dict(kwargs or {})
        if kwargs.get("inplace") is True:
            kwargs["inplace"] = False
        return func(*args, **kwargs)


class Attention(TorchFunctionMode):
    """Notes whether attention is computed inside."""

    def __init__(self) -> None:
        super().__init__()
        self.any = False

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Note scaled dot-product attention and softmaxes; call everything as it is."""
        self.any |= func in (F.scaled_dot_product_attention, F.multi_head_attention_forward) or func in SOFTMAXES
        return func(*args, **(kwargs or {}))
