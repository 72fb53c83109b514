import numpy as np
import pytest
import torch

from helpers.plot.arrays import numbers

VALUES = [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    "values",
    [
        VALUES,
        tuple(VALUES),
        np.array(VALUES, dtype=np.float32),
        np.array([1, 2, 4]),
        torch.tensor(VALUES),
        torch.tensor(VALUES, requires_grad=True),
        torch.tensor(VALUES, requires_grad=True) * 1.0,
        torch.tensor(VALUES, dtype=torch.bfloat16),
        torch.tensor([1, 2, 4]),
        [torch.tensor(value, requires_grad=True) for value in VALUES],
        [1.0, torch.tensor(2.0), np.float32(4.0)],
    ],
    ids=repr,
)
def test_whatever_holds_numbers_is_taken(values):
    array = numbers(values, "y", shape=("N",))
    assert array.dtype == np.float64
    assert array.tolist() == VALUES


@pytest.mark.parametrize("values", [np.array(VALUES), torch.tensor(VALUES, dtype=torch.float64)], ids=type)
def test_the_input_is_copied(values):
    numbers(values, "y", shape=(3,))[:] = 0
    assert values.tolist() == VALUES


@pytest.mark.parametrize(
    ("values", "shape", "message"),
    [
        ([[1.0]], ("N",), r"y: expected shape \(N,\), got \(1, 1\)"),
        ([1.0, 2.0], (3,), r"y: expected shape \(3,\), got \(2,\)"),
        (torch.zeros(4, 3), ("N", 2), r"y: expected shape \(N, 2\), got \(4, 3\)"),
        (torch.zeros(()), ("N",), r"y: expected shape \(N,\), got \(\)"),
        (torch.zeros(0, 2), ("N", 2), r"y: expected at least one value, got shape \(0, 2\)"),
        ([1.0, float("nan")], ("N",), r"y: expected finite numbers, got 1 of 2 NaN or infinite"),
        (["a", "b"], ("N",), r"y: expected numbers of shape \(N,\), got \['a', 'b'\]"),
        ([[1.0], [1.0, 2.0]], ("N", 2), r"y: expected numbers of shape \(N, 2\), got"),
        (None, ("N",), r"y: expected "),
    ],
)
def test_errors_say_what_was_expected_and_what_came(values, shape, message):
    with pytest.raises(ValueError, match=message):
        numbers(values, "y", shape=shape)


def test_a_second_shape_will_do():
    assert numbers(torch.zeros(2, 1, 3, 3), "x", shape=("N", "H", "W"), other=("N", "C", "H", "W")).ndim == 4
    with pytest.raises(ValueError, match=r"expected shape \(N, H, W\) or \(N, C, H, W\), got \(2,\)"):
        numbers(torch.zeros(2), "x", shape=("N", "H", "W"), other=("N", "C", "H", "W"))
