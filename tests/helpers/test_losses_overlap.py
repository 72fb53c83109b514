"""Dice losses against MONAI's, against hand-computed values, and where a class is not there."""

import math

import pytest
import torch
from monai.losses import DiceLoss, GeneralizedDiceLoss
from torch.nn import functional as F

from helpers import losses

NOTHING = torch.zeros(1, 2, 2, 2, dtype=torch.int64)
ALL = torch.ones(1, 2, 2, 2, dtype=torch.int64)


def drawn(shape=(2, 5, 6, 7), classes=4, seed=0, absent=()):
    """Random logits and labels; `absent` classes have no voxel in the first volume."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(shape[0], classes, *shape[1:], generator=generator)
    labels = torch.randint(classes, shape, generator=generator)
    for label in absent:
        labels[0][labels[0] == label] = 0
    return logits, labels


DRAWN = {
    "volumes": drawn(),
    "slices": drawn((3, 8, 9), 3),
    "one class absent": drawn(absent=(2,)),
    "all but the background absent": drawn(absent=(1, 2, 3)),
    "two classes": drawn((1, 4, 4, 4), 2),
    "sure": (100 * drawn()[0], drawn()[1]),
}


@pytest.mark.parametrize("case", DRAWN)
@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("batch", [False, True])
def test_dice_and_its_gradient_are_monais(case, background, batch):
    logits, labels = DRAWN[case]
    options = {"include_background": background, "batch": batch}
    theirs = DiceLoss(softmax=True, to_onehot_y=True, **options)
    both = []
    for loss in (
        lambda z: losses.dice(z, labels, background=background, batch=batch),
        lambda z: theirs(z, labels[:, None]),
    ):
        z = logits.clone().requires_grad_()
        value = loss(z)
        both.append((value.detach(), *torch.autograd.grad(value, z)))
    torch.testing.assert_close(*both, rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", DRAWN)
@pytest.mark.parametrize("background", [False, True])
def test_generalized_dice_is_monais(case, background):
    logits, labels = DRAWN[case]
    theirs = GeneralizedDiceLoss(softmax=True, to_onehot_y=True, include_background=background)
    ours = losses.generalized_dice(logits, labels, background=background)
    torch.testing.assert_close(ours, theirs(logits, labels[:, None]), rtol=0, atol=1e-6)


def sure(labels, classes=2):
    return 200.0 * losses.one_hot(labels, classes)


@pytest.mark.parametrize("loss", [losses.dice, losses.generalized_dice])
@pytest.mark.parametrize(
    ("predicted", "labels", "expected"),
    [(ALL, ALL, 0.0), (NOTHING, ALL, 1.0), (ALL, NOTHING, 1.0), (NOTHING, NOTHING, 0.0)],
    ids=["right", "missed", "false alarm", "rightly nothing"],
)
def test_landmarks(loss, predicted, labels, expected):
    if loss is losses.generalized_dice and labels is NOTHING and predicted is ALL:
        expected = 0.0  # no class that counts is there, so none has a weight
    assert loss(sure(predicted), labels).item() == pytest.approx(expected, abs=1e-4)


def test_dice_by_hand():
    """p = 1/2 everywhere, 4 of 8 voxels in the class: 2 * 2 / (4 + 4)."""
    labels = NOTHING.clone()
    labels[0, 0] = 1
    logits = torch.zeros(1, 2, 2, 2, 2)
    assert losses.dice(logits, labels).item() == pytest.approx(0.5, abs=1e-5)


def test_generalized_dice_by_hand():
    """Classes of 2 and 6 voxels, p = 1/2: 1 - 2 (1/4 * 1 + 1/36 * 3) / (1/4 * 6 + 1/36 * 10)."""
    labels = torch.tensor([[0, 0, 1, 1, 1, 1, 1, 1]])
    loss = losses.generalized_dice(torch.zeros(1, 2, 8), labels, background=True)
    assert loss.item() == pytest.approx(1 - 2 * (1 / 4 + 3 / 36) / (6 / 4 + 10 / 36), abs=1e-5)


def test_a_class_of_one_voxel_weighs_one():
    """Classes of 1 and 7 voxels, p = 1/2: 1 - 2 (1 * 1/2 + 1/49 * 7/2) / (1 * 5 + 1/49 * 11)."""
    labels = torch.tensor([[0, 1, 1, 1, 1, 1, 1, 1]])
    loss = losses.generalized_dice(torch.zeros(1, 2, 8), labels, background=True)
    assert loss.item() == pytest.approx(1 - 2 * (1 / 2 + 3.5 / 49) / (5 + 11 / 49), abs=1e-5)


def test_a_batch_counts_as_one_volume():
    """An empty volume with one false voxel beside a perfect one of 8: 1 - 16/17, against a half."""
    labels = torch.cat([ALL, NOTHING])
    predicted = labels.clone()
    predicted[1, 0, 0, 0] = 1
    assert losses.dice(sure(predicted), labels, batch=True).item() == pytest.approx(1 / 17, abs=1e-4)
    assert losses.dice(sure(predicted), labels).item() == pytest.approx(0.5, abs=1e-4)


def test_low_precision_logits_are_summed_in_float32():
    logits, labels = drawn((1, 32, 32, 32))
    low = losses.dice(logits.bfloat16(), labels)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, losses.dice(logits.bfloat16().float(), labels))


def test_one_hot_has_the_classes_second():
    labels = torch.tensor([[[2, 0]]])
    assert losses.one_hot(labels, 3).tolist() == [[[[0, 1]], [[0, 0]], [[1, 0]]]]


@pytest.mark.parametrize("loss", [losses.dice, losses.generalized_dice])
@pytest.mark.parametrize("shape", [(2, 1, 4, 4, 4), (1, 4, 4, 4), (2, 4, 4, 3), (2, 3, 4, 4, 4)])
def test_labels_are_one_number_per_voxel(loss, shape):
    with pytest.raises(ValueError, match="need labels of shape"):
        loss(torch.zeros(2, 3, 4, 4, 4), torch.zeros(shape, dtype=torch.int64))


def test_the_gradient_vanishes_when_sure_and_wrong_and_not_with_cross_entropy():
    z = (20 * losses.one_hot(NOTHING, 2)).requires_grad_()
    (alone,) = torch.autograd.grad(losses.dice(z, ALL), z)
    (summed,) = torch.autograd.grad(losses.dice(z, ALL) + F.cross_entropy(z, ALL), z)
    assert alone.norm() < 1e-6
    assert summed.norm() == pytest.approx(math.sqrt(16) / 8, rel=1e-3)
