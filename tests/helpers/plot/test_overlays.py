import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from helpers import plot
from helpers.plot.volumes import REGIONS

IMAGE = torch.linspace(0, 1, 12).view(3, 4)
LABELS = torch.tensor([[0, 1, 2, 3], [0, 0, 4, 5], [0, 0, 0, 0]])


def drawn(*arguments, **options):
    _, ax = plt.subplots()
    return plot.overlay(*arguments, **options, ax=ax)


def test_the_slice_alone():
    (image,) = drawn(IMAGE, title="a").images
    assert image.get_cmap().name == "gray"
    np.testing.assert_allclose(image.get_array(), IMAGE.numpy(), atol=1e-7)


def test_each_label_has_its_color_and_the_background_none():
    ax = drawn(IMAGE, LABELS, opacity=1.0)
    regions = ax.images[1]
    colors = regions.to_rgba(regions.get_array())
    for label, color in enumerate(REGIONS, 1):
        np.testing.assert_allclose(colors[LABELS.numpy() == label][0, :3], to_rgb(color), atol=1e-6)
    assert (colors[LABELS.numpy() == 0][:, 3] == 0).all()


def test_colors_do_not_depend_on_which_labels_are_there():
    both = [drawn(IMAGE, labels, opacity=1.0).images[1] for labels in (LABELS, LABELS.where(LABELS == 2, 0))]
    first, second = (image.to_rgba(image.get_array())[0, 2] for image in both)
    np.testing.assert_array_equal(first, second)


def test_a_slice_without_labels_draws_no_color():
    regions = drawn(IMAGE, torch.zeros_like(LABELS)).images[1]
    assert (regions.to_rgba(regions.get_array())[..., 3] == 0).all()


def test_truth_values_are_label_one():
    regions = drawn(IMAGE, LABELS > 2, opacity=1.0).images[1]
    np.testing.assert_allclose(regions.to_rgba(regions.get_array())[0, 3, :3], to_rgb(REGIONS[0]), atol=1e-6)


@pytest.mark.parametrize(
    ("image", "labels", "message"),
    [
        (IMAGE[0], None, r"image: expected shape \(H, W\)"),
        (IMAGE, LABELS[:2], r"labels: expected shape \(3, 4\)"),
        (IMAGE, LABELS + 1, "whole numbers from 0 to 5"),
        (IMAGE, LABELS + 0.5, "whole numbers"),
    ],
)
def test_what_does_not_fit_is_refused(image, labels, message):
    with pytest.raises(ValueError, match=message):
        drawn(image, labels)


def test_the_legend_names_the_regions_below_the_figure():
    fig, _ = plt.subplots()
    legend = plot.region_legend(["edema", "core"], figure=fig)
    assert [text.get_text() for text in legend.get_texts()] == ["edema", "core"]
    assert [patch.get_facecolor()[:3] for patch in legend.get_patches()] == [to_rgb(color) for color in REGIONS[:2]]
    with pytest.raises(ValueError, match="at most 5"):
        plot.region_legend(list("abcdef"), figure=fig)
