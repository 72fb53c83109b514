import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from helpers import plot, train
from helpers.plot.labels import EndLabels


def history(count=4, *, valid=True):
    return [
        train.Epoch(
            number=step,
            total=count,
            loss=1.0 / step,
            valid_loss=1.1 / step if valid else None,
            metrics={"accuracy": step / 10},
        )
        for step in range(1, count + 1)
    ]


def names(ax):
    return [text.get_text() for labels in ax.findobj(EndLabels) for text in labels.texts]


def test_curves_draw_what_they_are_given():
    _, ax = plt.subplots()
    x = torch.linspace(-1, 1, 5, requires_grad=True)
    lines = {"tanh": x.tanh(), "half": (x / 2).bfloat16(), "list": [0, 1, 2, 3, 4]}
    assert plot.curves(x, lines, xlabel="z", ylabel="a", title="t", ax=ax) is ax
    for line, (name, y) in zip(ax.lines, lines.items(), strict=True):
        want = y.detach().float().tolist() if isinstance(y, torch.Tensor) else y
        assert line.get_label() == name
        assert line.get_ydata().tolist() == want
        assert line.get_xdata().tolist() == x.tolist()
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("z", "a", "t")
    assert names(ax) == list(lines)
    assert len({(line.get_color(), str(line.get_linestyle())) for line in ax.lines}) == 3


@pytest.mark.parametrize(
    ("count", "labels", "legend", "ends"),
    [(8, "end", False, 8), (9, "end", True, 0), (2, "legend", True, 0), (9, "none", False, 0)],
)
def test_where_the_names_stand(count, labels, legend, ends):
    _, ax = plt.subplots()
    plot.curves([0, 1], {str(index): [0, index] for index in range(count)}, labels=labels, ax=ax)
    assert (ax.get_legend() is not None) == legend
    assert len(names(ax)) == ends


def test_a_single_point_is_visible():
    _, ax = plt.subplots()
    plot.curves([1], {"one": [2.0]}, ax=ax)
    assert ax.lines[0].get_marker() == "o"


@pytest.mark.parametrize(
    ("x", "lines", "message"),
    [
        ([0, 1], {"y": [0, 1, 2]}, r"lines\['y'\]: expected shape \(2,\), got \(3,\)"),
        ([[0, 1]], {"y": [0, 1]}, r"x: expected shape \(N,\), got \(1, 2\)"),
        ([0, 1], {}, "lines: expected at least one name"),
        ([], {"y": []}, "x: expected at least one value"),
    ],
)
def test_curves_refuse_wrong_shapes(x, lines, message):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=message):
        plot.curves(x, lines, ax=ax)


def test_learning_curves_of_losses_alone():
    _, ax = plt.subplots()
    epochs = history()
    assert plot.learning_curves(epochs, ax=ax) is ax
    assert ax.lines[0].get_ydata().tolist() == [epoch.loss for epoch in epochs]
    assert ax.lines[1].get_ydata().tolist() == [epoch.valid_loss for epoch in epochs]
    assert ax.lines[0].get_xdata().tolist() == [1, 2, 3, 4]
    assert names(ax) == ["training", "validation"]


def test_learning_curves_with_a_metric():
    _, axes = plt.subplots(1, 2)
    assert plot.learning_curves(history(), metric="accuracy", ax=axes) is axes
    assert axes[1].lines[0].get_ydata().tolist() == [0.1, 0.2, 0.3, 0.4]
    assert axes[1].get_ylabel() == "accuracy"


@pytest.mark.parametrize("count", [1, 2, 7, 30, 1000])
def test_epochs_are_whole_numbers(count):
    _, ax = plt.subplots()
    plot.learning_curves(history(count), ax=ax)
    ax.figure.canvas.draw()
    ticks = ax.get_xticks()
    assert np.array_equal(ticks, ticks.round())


def test_without_validation_there_is_one_line():
    _, ax = plt.subplots()
    plot.learning_curves(history(valid=False), ax=ax)
    assert names(ax) == ["training"]


@pytest.mark.parametrize(
    ("epochs", "panels", "metric", "message"),
    [
        ([], 1, None, "history: expected at least one epoch"),
        (history(), 1, "accuracy", "ax: expected two axes to show the metric 'accuracy', got 1"),
        (history(), 2, None, "ax: expected one axes without a metric, got 2"),
        (history(), 2, "f1", "metric: epoch 1 has accuracy, but not 'f1'"),
    ],
)
def test_learning_curves_refuse(epochs, panels, metric, message):
    _, axes = plt.subplots(1, panels)
    with pytest.raises(ValueError, match=message):
        plot.learning_curves(epochs, metric=metric, ax=axes)


@pytest.mark.parametrize("labels", ["end", "legend"])
def test_a_line_without_a_name_has_no_label(labels):
    _, (one, two) = plt.subplots(1, 2)
    plot.curves([0, 1], {"": [0, 1]}, ax=one)
    plot.curves([0, 1], {"": [0, 1], "named": [1, 0]}, labels=labels, ax=two)
    assert names(one) == []
    assert names(two) == (["named"] if labels == "end" else [])
    if labels == "legend":
        assert [text.get_text() for text in two.get_legend().get_texts()] == ["named"]


@pytest.mark.parametrize(("valid", "place"), [(True, 1), (False, 0)])
def test_a_metric_looks_like_the_loss_on_the_same_examples(valid, place):
    _, (losses, metric) = plt.subplots(1, 2)
    plot.learning_curves(history(valid=valid), metric="accuracy", ax=[losses, metric])
    assert metric.lines[0].get_color() == losses.lines[place].get_color()
    assert metric.lines[0].get_linestyle() == losses.lines[place].get_linestyle()
