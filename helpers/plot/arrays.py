"""Whatever holds numbers, as NumPy arrays with a checked shape."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Numbers = torch.Tensor | NDArray[Any] | Sequence[Any]
Floats = NDArray[np.float64]
AxesArray = NDArray[Any]  # an array of axes, as plt.subplots returns it
Shape = tuple[int | str, ...]


def numbers(values: Numbers, name: str, *, shape: Shape, other: Shape | None = None, finite: bool = True) -> Floats:
    """Copy values into a float64 array and check it.

    Args:
        values: a tensor (any dtype, any device, with or without gradient), an array, or a list of numbers.
        name: what the values are called in an error.
        shape: what is expected; a letter stands for any size.
        other: a second shape that will do.
        finite: refuse NaN and infinite values.

    Raises:
        ValueError: the values have another shape, are not numbers, are none at all, or are not finite.
    """
    wanted = _show(shape) if other is None else f"{_show(shape)} or {_show(other)}"
    try:
        array = _copy(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: expected numbers of shape {wanted}, got {values!r:.60}") from error
    if not any(_fits(array, want) for want in (shape, other) if want is not None):
        raise ValueError(f"{name}: expected shape {wanted}, got {_show(array.shape)}")
    if not array.size:
        raise ValueError(f"{name}: expected at least one value, got shape {_show(array.shape)}")
    if finite and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ValueError(f"{name}: expected finite numbers, got {bad} of {array.size} NaN or infinite")
    return array


def named(values: Numbers | Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Return the mapping name -> values; values that come alone get an empty name."""
    series = dict(values) if isinstance(values, Mapping) else {"": values}
    if not series:
        raise ValueError("expected at least one named series, got an empty mapping")
    return series


def check_count(items: Sequence[object] | None, expected: int, *, name: str, of: str) -> None:
    """Raise ValueError unless there are as many items as expected; None is all right."""
    if items is not None and len(items) != expected:
        raise ValueError(f"{name}: expected {expected}, one for each {of}, got {len(items)}")


def _copy(values: Any) -> Floats:
    if isinstance(values, torch.Tensor):
        return values.detach().cpu().to(torch.float64).numpy().copy()
    if isinstance(values, (list, tuple)) and any(isinstance(value, torch.Tensor) for value in values):
        return np.stack([_copy(value) for value in values])
    return np.array(values, dtype=np.float64)


def _fits(array: Floats, shape: Shape) -> bool:
    return array.ndim == len(shape) and all(
        isinstance(want, str) or want == size for want, size in zip(shape, array.shape, strict=True)
    )


def _show(shape: Sequence[int | str]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
