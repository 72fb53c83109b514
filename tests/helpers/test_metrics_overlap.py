"""Dice and surface distances against MONAI's, and by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.metrics import DiceMetric, compute_average_surface_distance, compute_hausdorff_distance

from helpers import metrics
from helpers.losses import one_hot
from helpers.metrics.overlap import confusions


def drawn(seed, shape=(3, 5, 6, 7), classes=4):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(classes, shape, generator=generator)
    predicted = torch.where(torch.rand(shape, generator=generator) < 0.6, labels, labels.roll(1, 1))
    labels[0][labels[0] == 2] = 0  # class 2 is absent from the first volume
    return predicted, labels


@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 3))
def test_dice_is_monais(seed, classes, count):
    predicted, labels = drawn(seed, (count, 3, 4, 2), max(classes, 3))
    classes = max(classes, 3)
    theirs = DiceMetric(include_background=True, reduction="none")(
        one_hot(predicted, classes), one_hot(labels, classes)
    )
    ours = metrics.dice_scores(predicted, labels, classes)
    torch.testing.assert_close(ours.float(), theirs.float(), rtol=0, atol=1e-6, equal_nan=True)


def test_dice_by_hand():
    labels = torch.tensor([[0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 0, 0]])
    predicted = torch.tensor([[0, 1, 1, 1, 2, 0], [0, 0, 0, 0, 0, 1]])
    scores = metrics.dice_scores(predicted, labels, 3)
    assert scores[0].tolist() == pytest.approx([2 / 4, 4 / 5, 2 / 3])
    assert scores[1, 0].item() == pytest.approx(10 / 11)
    assert scores[1, 1:].isnan().all()
    assert metrics.false_alarms(predicted, labels, 3).tolist() == [[0, 0, 0], [0, 1, 0]]
    assert confusions(predicted, labels, 3)[0].tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]


def test_mean_dice_is_the_mean_of_the_class_means():
    predicted, labels = drawn(0)
    scores = metrics.dice_scores(predicted, labels, 4)[:, 1:]
    expected = np.nanmean([np.nanmean(column) for column in scores.numpy().T])
    assert metrics.mean_dice(one_hot(predicted, 4), labels) == pytest.approx(expected)
    nothing = torch.zeros(1, 2, 2, 2, dtype=torch.int64)
    assert math.isnan(metrics.mean_dice(one_hot(nothing, 3), nothing))


def test_mean_dice_counts_classes_not_voxels():
    labels = torch.tensor([[0, 2]])  # more classes than voxels in a row
    assert metrics.mean_dice(one_hot(labels, 3), labels) == 1.0


@pytest.mark.parametrize(
    ("predicted", "labels", "message"),
    [
        (torch.zeros(2, 3).long(), torch.zeros(2, 4).long(), "one shape"),
        (torch.zeros(2, 3, 4).long(), torch.zeros(2, 4).long(), "argmax"),
        (torch.zeros(0, 4).long(), torch.zeros(0, 4).long(), "one voxel at least"),
        (torch.full((1, 4), 3), torch.zeros(1, 4).long(), "from 0 to 2, but go from 3 to 3"),
        (torch.zeros(1, 4).long(), torch.full((1, 4), -1), "from 0 to 2"),
        (torch.zeros(1, 4), torch.zeros(1, 4), "integers"),
    ],
)
def test_what_does_not_fit_is_refused(predicted, labels, message):
    with pytest.raises(ValueError, match=message):
        metrics.dice_scores(predicted, labels, 3)


def ball(center, radius, side=20):
    axes = torch.meshgrid(*[torch.arange(side)] * 3, indexing="ij")
    return sum((axis - at) ** 2 for axis, at in zip(axes, center, strict=True)) <= radius**2


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (3.0, 1.0, 0.5)])
@pytest.mark.parametrize(("center", "radius"), [((9, 9, 9), 5), ((10, 8, 11), 6), ((12, 9, 9), 3)])
def test_surface_distances_are_monais(spacing, center, radius):
    predicted, truth = ball(center, radius), ball((9, 9, 9), 5)
    distances = metrics.surface_distances(predicted, truth, spacing=spacing)
    volumes = predicted[None, None], truth[None, None]
    average = compute_average_surface_distance(*volumes, include_background=True, symmetric=True, spacing=list(spacing))
    largest = compute_hausdorff_distance(*volumes, include_background=True, spacing=list(spacing))
    assert distances.mean().item() == pytest.approx(average.item(), abs=1e-5)
    assert distances.max().item() == pytest.approx(largest.item(), abs=1e-5)


def test_surface_distances_by_hand():
    truth, predicted = torch.zeros(1, 1, 9).bool(), torch.zeros(1, 1, 9).bool()
    truth[..., 2], predicted[..., 5] = True, True
    assert metrics.surface_distances(predicted, truth, spacing=(1, 1, 2)).tolist() == [6.0, 6.0]
    assert metrics.surface_distances(truth, truth).tolist() == [0.0, 0.0]
    nothing = torch.zeros_like(truth)
    assert metrics.surface_distances(nothing, nothing).tolist() == []
    assert metrics.surface_distances(truth, nothing).tolist() == [math.inf]
    with pytest.raises(ValueError, match="one shape"):
        metrics.surface_distances(truth, truth[0])
