import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from sklearn import metrics

from helpers import plot


def sample(*, ties=False):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=200)
    labels = (rng.random(200) < 1 / (1 + np.exp(-2 * scores))).astype(int)
    return (scores.round(1) if ties else scores), labels


@pytest.mark.parametrize("ties", [False, True])
def test_roc_agrees_with_scikit_learn(ties):
    scores, labels = sample(ties=ties)
    _, ax = plt.subplots()
    assert plot.roc(torch.tensor(scores, requires_grad=True), torch.tensor(labels), ax=ax) is ax
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    assert np.allclose(ax.lines[0].get_xydata(), np.column_stack([fpr, tpr]))


@pytest.mark.parametrize("ties", [False, True])
def test_precision_recall_agrees_with_scikit_learn(ties):
    scores, labels = sample(ties=ties)
    _, ax = plt.subplots()
    plot.precision_recall({"model": scores}, labels, ax=ax)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    assert np.allclose(ax.lines[0].get_xydata()[1:], np.column_stack([recall, precision])[-2::-1])
    assert ax.lines[1].get_ydata()[0] == pytest.approx(labels.mean())  # chance


def test_each_model_is_named():
    scores, labels = sample()
    _, ax = plt.subplots()
    plot.roc({"all": scores, "few": scores[::-1]}, labels, ax=ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["all", "few", "chance"]


@pytest.mark.parametrize("function", [plot.roc, plot.precision_recall])
@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1, 0.2], [0], r"labels: expected shape \(2,\), got \(1,\)"),
        ([[0.1, 0.2]], [0, 1], r"scores: expected shape \(N,\), got \(1, 2\)"),
        ([0.1, 0.2], [1, 2], r"labels: expected 0 and 1, got \[1.0, 2.0\]"),
        ({}, [0, 1], "expected at least one named series"),
    ],
)
def test_scores_refuse(function, scores, labels, message):
    with pytest.raises(ValueError, match=message):
        function(scores, labels)


def test_a_missing_class_is_refused():
    with pytest.raises(ValueError, match="labels: expected both classes"):
        plot.roc([0.1, 0.2], [1, 1], ax=plt.subplots()[1])


def test_every_seed_is_a_dot():
    results = {"linear": [0.95, 0.97, 0.96], "MLP": torch.tensor([0.98]), "CNN": [torch.tensor(0.99), 1.0]}
    _, ax = plt.subplots()
    assert plot.seeds_with_error_bars(results, xlabel="accuracy", ax=ax) is ax
    dots = [item.get_offsets()[:, 0].tolist() for item in ax.collections if len(item.get_offsets()) == 3]
    assert dots[0] == [0.95, 0.97, 0.96]
    assert [text.get_text() for text in ax.texts] == ["0.960 ± 0.010", "0.980", "0.995 ± 0.007"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["linear", "MLP", "CNN"]


def test_seeds_with_equal_results_are_stacked():
    ax = plt.subplots()[1]
    plot.seeds_with_error_bars({"A": [0.5, 0.6], "B": [0.9, 0.8, 0.9, 0.9], "C": [0.7] * 40}, ax=ax)
    dots = [item.get_offsets() for item in ax.collections if len(item.get_offsets()) in (4, 40)]
    few, many = (dot.tolist() for dot in dots)
    assert [x for x, _ in few] == [0.9, 0.8, 0.9, 0.9]
    first, alone, second, third = (y for _, y in few)
    assert first == alone == 1
    assert first - second == pytest.approx(second - third)
    assert second - third > 0.05, "too close to be told apart"
    heights = [y for _, y in many]
    assert len(set(heights)) == 40
    assert max(heights) == 2
    assert min(heights) >= 1.7, "reaches into the row above"


def test_seeds_refuse_a_table():
    with pytest.raises(ValueError, match=r"results\['a'\]: expected shape \(S,\), got \(1, 2\)"):
        plot.seeds_with_error_bars({"a": [[1.0, 2.0]]}, ax=plt.subplots()[1])
