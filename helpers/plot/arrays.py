"""Whatever holds numbers, as NumPy arrays with a checked shape."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Numbers = torch.Tensor | NDArray[Any] | Sequence[Any]
Floats = NDArray[np.float64]


def numbers(values: Numbers, name: str, *, shape: tuple[int | str, ...]) -> Floats:
    """Copy values into a float64 array after checking its shape.

    Args:
        values: a tensor (any dtype, any device, with or without gradient), an array, or a list of numbers.
        name: what the values are called in an error.
        shape: what is expected; a letter stands for any size.

    Raises:
        ValueError: the shape is another one, or the values are not numbers.
    """
    try:
        array = _copy(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name}: expected numbers of shape {_show(shape)}, got {values!r:.60}") from error
    fits = array.ndim == len(shape) and all(
        isinstance(want, str) or want == size for want, size in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name}: expected shape {_show(shape)}, got {_show(array.shape)}")
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
        return np.array(values.detach().to("cpu", torch.float64))
    if isinstance(values, (list, tuple)) and any(isinstance(value, torch.Tensor) for value in values):
        return np.stack([_copy(value) for value in values])
    return np.array(values, dtype=np.float64)


def _show(shape: Sequence[int | str]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
