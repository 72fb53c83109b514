import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers import plot


@pytest.mark.parametrize("shape", [(5, 8, 8), (5, 1, 8, 8), (5, 3, 8, 8)])
def test_each_image_is_drawn_and_empty_cells_are_hidden(shape):
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    cells = plot.image_grid(images, titles=range(5), columns=4)
    assert [len(cell.images) for cell in cells] == [1] * 5 + [0] * 3
    assert not any(cell.axison for cell in cells)
    assert [cell.get_title() for cell in cells] == ["0", "1", "2", "3", "4", "", "", ""]
    want = images[2].permute(1, 2, 0) if shape[1] == 3 else images[2].reshape(8, 8)
    assert np.allclose(cells[2].images[0].get_array(), want)


@pytest.mark.parametrize(
    ("images", "limits"),
    [
        (torch.tensor([[[0.2]], [[0.4]]]), (0, 1)),
        (torch.tensor([[[0]], [[16]]]), (0, 16)),
        (torch.tensor([[[-2.0]], [[1.0]]]), (-2, 1)),
    ],
)
def test_grey_images_share_one_scale(images, limits):
    assert [cell.images[0].get_clim() for cell in plot.image_grid(images)] == [limits, limits]


def test_uint8_colors_are_taken():
    cells = plot.image_grid(torch.full((1, 3, 2, 2), 255, dtype=torch.uint8))
    assert cells[0].images[0].get_array().max() == 1


def test_given_axes_are_used():
    fig, axes = plt.subplots(2, 3)
    cells = plot.image_grid(torch.zeros(4, 2, 2), ax=axes)
    assert list(cells) == list(axes.ravel())
    assert plt.get_fignums() == [fig.number]
    _, one = plt.subplots()
    assert list(plot.image_grid(torch.zeros(1, 2, 2), ax=one)) == [one]


def test_titles_do_not_overlap_at_eight_in_a_row():
    cells = plot.image_grid(torch.zeros(16, 8, 8), titles=["8, not 3"] * 16)
    cells[0].figure.canvas.draw()
    boxes = [cell.title.get_window_extent() for cell in cells[:8]]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [
        (torch.zeros(4), None, r"images: expected shape \(N, H, W\) or \(N, C, H, W\), got \(4,\)"),
        (torch.zeros(2, 5, 4, 4), None, r"images: expected 1 or 3 channels, shape \(N, C, H, W\), got \(2, 5, 4, 4\)"),
        (torch.zeros(2, 4, 4, 3), None, "images: expected 1 or 3 channels"),
        (torch.full((1, 3, 4, 4), 1.5), None, r"images: expected colors in \[0, 1\], got 1.5 to 1.5"),
        (torch.zeros(2, 4, 4), ["a"], "titles: expected 2, one for each image, got 1"),
        (torch.zeros(0, 4, 4), None, "images: expected at least one"),
    ],
)
def test_image_grid_refuses(images, titles, message):
    with pytest.raises(ValueError, match=message):
        plot.image_grid(images, titles=titles)


def test_too_few_axes_are_refused():
    _, axes = plt.subplots(1, 2)
    with pytest.raises(ValueError, match="ax: expected at least 3, one for each image, got 2"):
        plot.image_grid(torch.zeros(3, 2, 2), ax=axes)


def test_weights_share_a_scale_symmetric_about_zero():
    weights = torch.randn(10, 64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    cells = plot.weight_images(weights, titles=range(10), shape=(8, 8))
    limit = weights.abs().max().item()
    assert {cell.images[0].get_clim() for cell in cells} == {(-limit, limit)}
    assert np.allclose(cells[3].images[0].get_array(), weights[3].detach().reshape(8, 8))
    assert len(cells[0].figure.axes) == 11  # ten images and the color bar
    assert cells[0].images[0].get_cmap()(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.04)


def test_weights_that_are_all_zero_can_be_drawn():
    assert plot.weight_images(torch.zeros(2, 3, 3))[0].images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("weights", "shape", "message"),
    [
        (torch.zeros(10, 63), (8, 8), r"weights: expected shape \(K, 64\), got \(10, 63\)"),
        (torch.zeros(10, 64), None, r"weights: expected shape \(K, H, W\), got \(10, 64\)"),
        (torch.full((1, 4), torch.nan), (2, 2), "weights: expected finite numbers, got 4 of 4"),
    ],
)
def test_weight_images_refuse(weights, shape, message):
    with pytest.raises(ValueError, match=message):
        plot.weight_images(weights, shape=shape)
