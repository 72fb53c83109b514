import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.collections import PathCollection
from matplotlib.contour import QuadContourSet

from helpers import plot

INPUTS = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])


def right_half(points):
    return points[:, 0] - 0.5


@pytest.mark.parametrize("labels", [[0, 1, 0, 1], [-1, 1, -1, 1], torch.tensor([0.0, 1.0, 0.0, 1.0])])
def test_points_of_each_class_get_their_own_marker(labels):
    _, ax = plt.subplots()
    assert plot.decision_boundary(right_half, INPUTS, labels, ax=ax) is ax
    left, right = (item for item in ax.collections if isinstance(item, PathCollection))
    assert left.get_offsets().tolist() == [[0, 0], [0, 1]]
    assert right.get_offsets().tolist() == [[1, 1], [1, 0]]
    assert len(left.get_paths()[0].vertices) != len(right.get_paths()[0].vertices)


def test_the_boundary_is_where_the_score_is_zero():
    _, ax = plt.subplots()
    plot.decision_boundary(right_half, INPUTS, [0, 1, 0, 1], ax=ax)
    _, line = (item for item in ax.collections if isinstance(item, QuadContourSet))
    assert np.allclose(line.get_paths()[0].vertices[:, 0], 0.5, atol=1e-6)


def test_the_score_is_asked_without_gradient_and_in_float32():
    seen = []

    def predict(points):
        seen.append((points.dtype, tuple(points.shape), torch.is_grad_enabled()))
        return points.sum(dim=1).bfloat16() * torch.ones(1, requires_grad=True)

    plot.decision_boundary(predict, INPUTS, [0, 1, 0, 1], ax=plt.subplots()[1])
    assert seen == [(torch.float32, (40000, 2), False)]


def test_a_score_of_one_sign_draws_no_line(recwarn):
    _, ax = plt.subplots()
    plot.decision_boundary(lambda points: points[:, 0] + 100, INPUTS, [0, 1, 0, 1], ax=ax)
    assert sum(isinstance(item, QuadContourSet) for item in ax.collections) == 1
    assert not recwarn.list


@pytest.mark.parametrize(
    ("predict", "inputs", "labels", "message"),
    [
        (right_half, torch.zeros(4, 3), [0, 1, 0, 1], r"inputs: expected shape \(N, 2\), got \(4, 3\)"),
        (right_half, INPUTS, [0, 1, 0], r"labels: expected shape \(4,\), got \(3,\)"),
        (right_half, INPUTS, [0, 1, 2, 1], "labels: expected 0 and 1, or -1 and 1, got"),
        (lambda p: p, INPUTS, [0, 1, 0, 1], r"predict\(points\): expected shape \(40000,\), got \(40000, 2\)"),
        (lambda p: p[:, :1], INPUTS, [0, 1, 0, 1], r"predict\(points\): expected shape \(40000,\), got \(40000, 1\)"),
        (lambda p: (p[:, 0] > 0.5).long(), INPUTS, [0, 1, 0, 1], r"expected scores, .* got only 0 and 1"),
        (lambda p: p[:, 0] * torch.nan, INPUTS, [0, 1, 0, 1], "expected finite numbers"),
    ],
)
def test_decision_boundary_refuses(predict, inputs, labels, message):
    with pytest.raises(ValueError, match=message):
        plot.decision_boundary(predict, inputs, labels, ax=plt.subplots()[1])
