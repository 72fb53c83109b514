import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from helpers import plot
from helpers.plot import style

MATRIX = torch.tensor([[50, 2, 0], [1, 30, 9], [0, 0, 0]])


def test_confusion_matrix_has_true_classes_in_rows():
    _, ax = plt.subplots()
    assert plot.confusion_matrix(MATRIX, ["a", "b", "c"], ax=ax) is ax
    cells = {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in ax.texts}
    assert cells == {(row, column): str(MATRIX[row, column].item()) for row in range(3) for column in range(3)}
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true", "predicted")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert ax.yaxis_inverted()  # the first class on top


def test_confusion_matrix_is_colored_by_the_share_of_the_row():
    _, ax = plt.subplots()
    plot.confusion_matrix(MATRIX, ["a", "b", "c"], ax=ax)
    (image,) = ax.images
    assert image.get_array()[1].tolist() == pytest.approx([1 / 40, 30 / 40, 9 / 40])
    assert image.get_array()[2].tolist() == [0, 0, 0]  # a class that does not occur
    assert image.get_clim() == (0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_every_count_can_be_read(seed):
    matrix = np.random.default_rng(seed).integers(0, 100, (9, 9))
    _, ax = plt.subplots()
    plot.confusion_matrix(matrix, list("abcdefghi"), ax=ax)
    (image,) = ax.images
    for text in ax.texts:
        column, row = map(round, text.get_position())
        background = to_hex(image.get_cmap()(float(image.norm(image.get_array()[row, column]))))
        assert style.contrast(str(to_hex(text.get_color())), background) >= 4.5


def test_counts_stay_inside_their_cells():
    fig, ax = plt.subplots()
    plot.confusion_matrix(np.full((10, 10), 8888), [str(i) for i in range(10)], ax=ax)
    fig.canvas.draw()
    assert max(text.get_window_extent().width for text in ax.texts) < ax.bbox.width / 10
    assert max(text.get_window_extent().height for text in ax.texts) <= ax.bbox.height / 10


def test_long_class_names_are_slanted():
    _fig, ax = plt.subplots()
    plot.confusion_matrix(np.eye(6), ["a very long name"] * 6, ax=ax)
    assert ax.get_xticklabels()[0].get_rotation() > 0


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (torch.zeros(2, 2), r"matrix: expected shape \(3, 3\), got \(2, 2\)"),
        (torch.full((3, 3), 0.5), "matrix: expected counts"),
        (-MATRIX, "matrix: expected counts"),
    ],
)
def test_confusion_matrix_refuses(matrix, message):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=message):
        plot.confusion_matrix(matrix, ["a", "b", "c"], ax=ax)


def test_heatmap_writes_the_values():
    _, ax = plt.subplots()
    plot.heatmap(torch.tensor([[0.125, -2.0]]), rows=["r"], columns=["x", "y"], decimals=1, diverging=True, ax=ax)
    assert [text.get_text() for text in ax.texts] == ["0.1", "-2.0"]
    assert ax.images[0].get_clim() == (-2, 2)


def test_heatmap_refuses_a_wrong_number_of_names():
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="columns: expected 2, one for each column, got 3"):
        plot.heatmap([[1.0, 2.0]], columns=["a", "b", "c"], ax=ax)
