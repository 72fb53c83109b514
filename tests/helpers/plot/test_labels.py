import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import plot
from helpers.plot.labels import EndLabels, spread


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ([5.0, 20.0], [5.0, 20.0]),  # apart: nothing moves
        ([10.0, 10.0], [11.0, 9.0]),  # equal: the first on top, centered on the wanted place
        ([10.0, 11.0, 30.0], [9.5, 11.5, 30.0]),
        ([0.0, 40.0], [1.0, 39.0]),  # kept inside
        ([0.5, 1.0, 1.0], [1.0, 5.0, 3.0]),
        ([39.9, 39.9], [39.0, 37.0]),
    ],
)
def test_spread_by_hand(wanted, placed):
    assert spread(np.array(wanted), np.full(len(wanted), 2.0), low=0.0, high=40.0).tolist() == pytest.approx(placed)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=9))
def test_spread_never_overlaps_and_stays_inside(wanted):
    placed = spread(np.array(wanted), np.full(len(wanted), 10.0), low=0.0, high=100.0)
    assert np.diff(np.sort(placed)).min(initial=10.0) >= 10.0 - 1e-9
    assert placed.min() >= 5.0 - 1e-9
    assert placed.max() <= 95.0 + 1e-9


def drawn_labels(ax):
    ax.figure.canvas.draw()
    (labels,) = ax.findobj(EndLabels)
    return labels, [text.get_window_extent() for text in labels.texts]


@pytest.mark.parametrize("ends", [[1, 1, 1, 1], [0, 0.01, 0.02, 5], [3, 2.9, 1, -4], [1e6, 1e6, 0, 0]])
@pytest.mark.parametrize("scale", ["linear", "symlog"])
def test_labels_do_not_overlap_and_are_inside_the_figure(ends, scale):
    fig, axes = plt.subplots(1, 2)
    for ax in axes:
        plot.curves([0, 1], {f"line {index}": [0, end] for index, end in enumerate(ends)}, ax=ax)
        ax.set_yscale(scale)
    for ax in axes:
        _, boxes = drawn_labels(ax)
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
        assert all(box.x0 >= ax.bbox.x1 for box in boxes)
        assert all(fig.bbox.x0 <= box.x0 and box.x1 <= fig.bbox.x1 for box in boxes)
    assert max(box.x1 for box in drawn_labels(axes[0])[1]) <= axes[1].bbox.x0


def test_labels_follow_later_limits():
    _, ax = plt.subplots()
    plot.curves([0, 1], {"y": [0, 1]}, ax=ax)
    high = drawn_labels(ax)[1][0].y0
    ax.set_ylim(0, 10)
    assert drawn_labels(ax)[1][0].y0 < high - 50


def test_a_line_that_ends_in_nan_is_labelled_at_its_last_number():
    _, ax = plt.subplots()
    plot.curves([0, 1, 2], {"diverged": [0, 5, np.nan], "lost": [np.nan] * 3, "good": [0, 1, 1]}, ax=ax)
    labels, boxes = drawn_labels(ax)
    last = ax.transData.transform((1, 5))
    assert labels.leaders[0].get_xydata()[0] == pytest.approx(last)
    assert len(boxes) == 3


def test_values_that_a_log_scale_cannot_show_do_no_harm():
    _, ax = plt.subplots()
    plot.curves([0, 1], {"zero": [0, 0], "one": [1, 1]}, ax=ax)
    ax.set_yscale("log")
    drawn_labels(ax)


def test_hidden_labels_leave_no_trace(tmp_path):
    for name, labels in (("hidden", "end"), ("without", "none")):
        fig, ax = plt.subplots()
        plot.curves([0, 1], {"y": [0, 1]}, labels=labels, ax=ax)
        for artist in ax.findobj(EndLabels):
            artist.set_visible(False)
        fig.savefig(tmp_path / name, format="png")
    assert (tmp_path / "hidden").read_bytes() == (tmp_path / "without").read_bytes()
