import warnings

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from helpers import metrics

# Times say nothing on a machine that does other work too.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Six examples, three classes. True: 0 0 0 1 1 2, predicted: 0 0 1 1 2 2.
PREDICTED = torch.tensor([0, 0, 1, 1, 2, 2])
LABELS = torch.tensor([0, 0, 0, 1, 1, 2])
# By hand, per class: precision 2/2, 1/2, 1/2; recall 2/3, 1/2, 1/1; F1 4/5, 1/2, 2/3; true examples 3, 2, 1.
TABLE = [
    (metrics.precision, "macro", 2 / 3),
    (metrics.precision, "weighted", (3 * 1 + 2 * 0.5 + 1 * 0.5) / 6),
    (metrics.precision, "micro", 4 / 6),
    (metrics.recall, "macro", (2 / 3 + 1 / 2 + 1) / 3),
    (metrics.recall, "weighted", (3 * 2 / 3 + 2 * 0.5 + 1 * 1) / 6),
    (metrics.recall, "micro", 4 / 6),
    (metrics.f1, "macro", (4 / 5 + 1 / 2 + 2 / 3) / 3),
    (metrics.f1, "weighted", (3 * 4 / 5 + 2 * 1 / 2 + 1 * 2 / 3) / 6),
    (metrics.f1, "micro", 4 / 6),
]
# Four examples, two classes: one of each of TP, FN, FP, TN, and one more TP.
SIGNED = torch.tensor([2.0, -1.0, 0.5, -3.0, 0.1])
TWO = torch.tensor([1, 1, 0, 0, 1])


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Random logits may happen to look like probabilities; test_probabilities.py has the warning of these.
        warnings.filterwarnings("ignore", message="All predictions lie between")
        yield


@pytest.mark.parametrize(("metric", "average", "expected"), TABLE)
def test_averages_by_hand(metric, average, expected):
    assert metric(PREDICTED, LABELS, average=average) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [(metrics.accuracy, 3 / 5), (metrics.precision, 2 / 3), (metrics.recall, 2 / 3), (metrics.f1, 2 / 3)],
)
def test_two_classes_by_hand(metric, expected):
    assert metric(SIGNED, TWO) == pytest.approx(expected, abs=1e-12)


def test_confusion_matrix_by_hand():
    matrix = metrics.confusion_matrix(PREDICTED, LABELS, 3)
    assert matrix.tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]  # row = true, column = predicted
    assert matrix.dtype == torch.int64
    assert metrics.confusion_matrix(SIGNED, TWO, 2).tolist() == [[1, 1], [1, 2]]
    assert metrics.confusion_matrix(PREDICTED, LABELS, 5).shape == (5, 5)


def test_logits_are_thresholded_at_zero_and_the_largest_wins():
    assert metrics.accuracy(torch.tensor([0.0, 1e-30, -1e-30]), torch.tensor([0, 1, 0])) == 1
    assert metrics.accuracy(torch.tensor([[0.2, 0.9, 0.1], [3.0, 1.0, 3.0]]), torch.tensor([1, 0])) == 1
    assert metrics.accuracy(torch.tensor([[-1e30, 1e30], [float("inf"), 0.0]]), torch.tensor([1, 0])) == 1


def test_shares_are_exact():
    labels = torch.zeros(100, dtype=torch.int64)
    predicted = labels.clone()
    predicted[:5] = 1
    assert metrics.accuracy(predicted, labels) >= 0.95  # in single precision it would be a little less


def test_ranking_by_hand():
    # Pairs of a positive (2, -1, 0.1) and a negative (0.5, -3): 2 wins both, -1 wins one, 0.1 wins one: 4 of 6.
    assert metrics.auroc(SIGNED, TWO) == pytest.approx(4 / 6, abs=1e-6)


def test_ranking_does_not_round_large_logits_to_ties():
    logits, labels = torch.tensor([100.0, 200.0, 300.0, 400.0]), torch.tensor([0, 0, 1, 1])
    assert metrics.auroc(logits, labels) == 1
    assert metrics.auroc(torch.full((4,), 7.0), labels) == 0.5
    assert metrics.auroc(torch.tensor([0.1, 0.2, 0.3, 0.4]), labels) == 1  # logits, though they look like probabilities


def test_calibration_by_hand():
    logits = torch.tensor([0.0, 0.0, 4.0, 4.0]).sub(1e-9)  # probabilities just below 0.5 twice, and 0.982 twice
    labels = torch.tensor([0, 1, 1, 1])
    sure = torch.tensor(4.0).sigmoid().item()
    assert metrics.calibration_error(logits, labels) == pytest.approx((2 * 0 + 2 * (1 - sure)) / 4, abs=1e-6)
    two_columns = torch.stack([torch.zeros(4), torch.tensor([4.0, 4.0, 4.0, 4.0])], dim=1)
    expected = abs(sure - 3 / 4)
    assert metrics.calibration_error(two_columns, labels) == pytest.approx(expected, abs=1e-6)
    assert metrics.calibration_error(torch.tensor([1e4, -1e4]), torch.tensor([1, 0])) == pytest.approx(0, abs=1e-12)
    # 0.92 and exactly 1 share the last of ten bins: |mean(0.92, 1) - 1/2|, not half of 0.08 and half of 1.
    pair = torch.tensor([0.92, 0.0]).logit().nan_to_num()
    pair[1] = 1e4
    assert metrics.calibration_error(pair, torch.tensor([1, 0])) == pytest.approx(0.46, abs=1e-6)


@st.composite
def labelled(draw, smallest=1):
    """Logits (B, K) with ties and huge values, or of one class alone, and labels (B,)."""
    size, classes = draw(st.integers(smallest, 30)), draw(st.integers(2, 5))
    values = st.sampled_from([0.0, 1.0, -1.0, 0.5, 37.0, -88.0, 1e4, -1e4]) | st.floats(-10, 10, width=32)
    rows = draw(st.lists(st.lists(values, min_size=classes, max_size=classes), min_size=size, max_size=size))
    top = draw(st.integers(0, classes - 1))
    labels = draw(st.lists(st.integers(0, top), min_size=size, max_size=size))
    return torch.tensor(rows), torch.tensor(labels)


@patient
@given(labelled())
def test_counts_agree_with_scikit_learn(case):
    logits, labels = case
    predicted, classes = logits.argmax(dim=1), logits.shape[1]
    assert metrics.accuracy(logits, labels) == oracle.accuracy_score(labels, predicted)
    matrix = metrics.confusion_matrix(logits, labels, classes)
    assert matrix.tolist() == oracle.confusion_matrix(labels, predicted, labels=range(classes)).tolist()
    for average in ("macro", "micro", "weighted"):
        for ours, theirs in PAIRS:
            expected = theirs(labels, predicted, average=average, zero_division=0)
            assert ours(logits, labels, average=average) == pytest.approx(expected, abs=1e-12)
            assert ours(predicted, labels, average=average) == pytest.approx(expected, abs=1e-12)


PAIRS = [
    (metrics.precision, oracle.precision_score),
    (metrics.recall, oracle.recall_score),
    (metrics.f1, oracle.f1_score),
]


@patient
@given(labelled())
def test_two_classes_agree_with_scikit_learn(case):
    logits, labels = case[0][:, 0], case[1].clamp(max=1)
    predicted = (logits > 0).long()
    for ours, theirs in PAIRS:
        assert ours(logits, labels) == pytest.approx(theirs(labels, predicted, zero_division=0), abs=1e-12)


@patient
@given(labelled(smallest=2))
def test_ranking_agrees_with_scikit_learn(case):
    logits, labels = case[0][:, 0], case[1].clamp(max=1)
    labels[0], labels[1] = 0, 1
    assert metrics.auroc(logits, labels) == pytest.approx(oracle.roc_auc_score(labels, logits), abs=1e-6)


@patient
@given(labelled(smallest=5))
def test_ranking_of_more_classes_agrees_with_scikit_learn(case):
    logits, labels = case
    classes = logits.shape[1]
    labels[:classes] = torch.arange(classes)
    shares = logits.double().softmax(dim=1)
    hot = torch.nn.functional.one_hot(labels, classes)
    expected = oracle.roc_auc_score(hot, shares, average="macro")
    assert metrics.auroc(logits, labels) == pytest.approx(expected, abs=1e-6)


def test_calibration_takes_ten_bins():
    logits = torch.logit(torch.tensor([0.55, 0.58, 0.62, 0.67, 0.71, 0.77]))
    labels = torch.tensor([1, 0, 0, 1, 1, 0])
    assert metrics.calibration_error(logits, labels) == metrics.calibration_error(logits, labels, bins=10)
    assert metrics.calibration_error(logits, labels) != metrics.calibration_error(logits, labels, bins=11)


@patient
@given(labelled(), st.integers(1, 15))
def test_calibration_agrees_with_its_definition(case, bins):
    logits, labels = case
    sure, chosen = logits.double().softmax(dim=1).max(dim=1)
    right = (chosen == labels).double()
    where = (sure * bins).floor().clamp(max=bins - 1)
    if ((sure * bins) - (sure * bins).round()).abs().min() < 1e-9 and (sure < 1).any():
        return  # on the edge of a bin, rounding decides
    expected = sum(float((sure - right)[where == b].sum().abs()) for b in range(bins)) / len(labels)
    assert metrics.calibration_error(logits, labels, bins=bins) == pytest.approx(expected, abs=1e-6)
