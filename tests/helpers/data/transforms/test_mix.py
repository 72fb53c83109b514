"""Boxes, erasing, mixup and CutMix: beside torchvision with the same share or box, and by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from torchvision.transforms import v2

from helpers.data.transforms.mix import boxes_at, cutmix, erase, mixup, random_boxes


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images_and_labels(count=6, height=10, width=8):
    return torch.rand(count, 3, height, width, generator=generator()), torch.arange(count) % 4


def test_boxes_by_hand():
    middle_rows, middle_columns = torch.tensor([2, 0]), torch.tensor([1, 3])
    whole, cut_off = boxes_at(middle_rows, middle_columns, torch.tensor([0.25, 0.3]), 4, 4).int().tolist()
    assert whole == [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]
    assert cut_off == [[0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@given(seed=st.integers(0, 500), height=st.integers(2, 20), width=st.integers(2, 20))
def test_a_box_is_a_rectangle_no_larger_than_its_area(seed, height, width):
    draw = generator(seed)
    areas = torch.rand(5, generator=draw)
    boxes = random_boxes(areas, height, width, generator=draw)
    assert boxes.shape == (5, height, width)
    assert boxes.dtype == torch.bool
    rows, columns = boxes.any(dim=2), boxes.any(dim=1)
    assert torch.equal(boxes, rows[:, :, None] & columns[:, None, :])
    assert (boxes.double().mean(dim=(1, 2)) <= areas + 1e-6).all()
    for line in (*rows.int(), *columns.int()):  # without a gap
        assert (line.diff() != 0).sum() <= 2


def test_boxes_reach_everywhere_and_most_are_whole():
    boxes = random_boxes(torch.full((4000,), 0.25), 8, 8, generator=generator())
    assert boxes.any(dim=0).all()
    sizes = boxes.sum(dim=(1, 2))
    assert sizes.max() == 16  # a quarter of 64
    assert (sizes == 16).double().mean() > 0.3  # the center lies in the middle 5 of 8 rows and columns: 0.39


@pytest.mark.parametrize(("area", "share"), [(0.0, 0.0), (1.0, 1.0)])
def test_no_area_erases_nothing(area, share):
    boxes = random_boxes(torch.full((100,), area), 6, 6, generator=generator())
    assert boxes.double().mean(dim=(1, 2)).max() == share


def test_erase_by_hand():
    image = torch.tensor([[[[0.0, 1.0], [2.0, 5.0]]]])  # mean 2
    box = torch.tensor([[[True, False], [False, True]]])
    assert erase(image, box).tolist() == [[[[2.0, 1.0], [2.0, 2.0]]]]


def test_erase_takes_the_mean_of_each_image_and_channel():
    images = torch.arange(16.0).view(2, 2, 2, 2)  # means 1.5 and 5.5, then 9.5 and 13.5
    everywhere = torch.ones(2, 2, 2, dtype=torch.bool)
    assert erase(images, everywhere)[:, :, 0, 1].tolist() == [[1.5, 5.5], [9.5, 13.5]]


def test_mixup_by_hand():
    images, targets = torch.tensor([0.0, 4.0]).view(2, 1, 1, 1), torch.eye(2)
    mixed, soft = mixup(images, targets, torch.tensor([0.25, 1.0]))
    assert mixed.flatten().tolist() == [3.0, 4.0]
    assert soft.tolist() == [[0.25, 0.75], [0.0, 1.0]]


def test_mixup_agrees_with_torchvision():
    images, labels = images_and_labels()
    theirs = v2.MixUp(num_classes=4)
    torch.manual_seed(0)
    share = theirs.make_params([images])["lam"]
    torch.manual_seed(0)
    expected = theirs(images, labels)
    ours = mixup(images, F.one_hot(labels, 4).float(), torch.full((6,), share))
    for mine, other in zip(ours, expected, strict=True):
        torch.testing.assert_close(mine, other)


def test_cutmix_by_hand_with_a_box_of_its_own_for_each_image():
    """No box, one pixel of four, and the whole image: each label goes by the area of its own image's box."""
    images, targets = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1, 1).expand(3, 1, 2, 2), torch.eye(3)
    boxes = torch.tensor([[[False, False], [False, False]], [[False, True], [False, False]], [[True] * 2] * 2])
    mixed, soft = cutmix(images, targets, boxes)
    assert mixed[:, 0].tolist() == [[[1.0, 1.0], [1.0, 1.0]], [[2.0, 1.0], [2.0, 2.0]], [[2.0, 2.0], [2.0, 2.0]]]
    assert soft.tolist() == [[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.0, 1.0, 0.0]]


def test_cutmix_labels_go_by_the_box_of_each_image_and_not_by_the_mean_box():
    """Two images, boxes of one and of nine tenths: shares that are averaged over the batch would all be a half."""
    images, targets = torch.rand(2, 3, 10, 10, generator=generator()), torch.eye(2)
    boxes = torch.zeros(2, 10, 10, dtype=torch.bool)
    boxes[0, :1] = True
    boxes[1, :9] = True
    mixed, soft = cutmix(images, targets, boxes)
    torch.testing.assert_close(soft, torch.tensor([[0.9, 0.1], [0.9, 0.1]]))
    from_first = (mixed == images[:1]).double().mean(dim=(1, 2, 3))  # the share of pixels that are the first image's
    torch.testing.assert_close(soft[:, 0].double(), from_first)


@pytest.mark.parametrize("seed", range(8))
def test_cutmix_agrees_with_torchvision(seed):
    images, labels = images_and_labels()
    theirs = v2.CutMix(num_classes=4)
    torch.manual_seed(seed)
    left, top, right, bottom = theirs.make_params([images])["box"]
    torch.manual_seed(seed)
    expected = theirs(images, labels)
    boxes = torch.zeros(6, 10, 8, dtype=torch.bool)
    boxes[:, top:bottom, left:right] = True
    for mine, other in zip(cutmix(images, F.one_hot(labels, 4).float(), boxes), expected, strict=True):
        torch.testing.assert_close(mine, other)


def test_targets_stay_distributions_and_inputs_untouched():
    images, labels = images_and_labels()
    targets, before = F.one_hot(labels, 4).float(), images.clone()
    shares = torch.rand(6, generator=generator())
    boxes = random_boxes(1 - shares, 10, 8, generator=generator())
    for _, soft in (mixup(images, targets, shares), cutmix(images, targets, boxes)):
        torch.testing.assert_close(soft.sum(dim=1), torch.ones(6))
    assert torch.equal(images, before)


def test_two_images_of_one_class_keep_their_label():
    images, targets = torch.rand(4, 1, 4, 4), F.one_hot(torch.full((4,), 2), 3).float()
    _, soft = mixup(images, targets, torch.rand(4))
    torch.testing.assert_close(soft, targets)
