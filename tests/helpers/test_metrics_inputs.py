import pytest
import torch
from torch import Tensor

from helpers import metrics

PREDICTED = torch.tensor([0, 0, 1, 1, 2, 2])
LABELS = torch.tensor([0, 0, 0, 1, 1, 2])
SIGNED = torch.tensor([2.0, -1.0, 0.5, -3.0, 0.1])
TWO = torch.tensor([1, 1, 0, 0, 1])
COUNTS = [metrics.accuracy, metrics.precision, metrics.recall, metrics.f1]
RANKS = [metrics.auroc, metrics.calibration_error]
NAN = float("nan")
INTEGERS = torch.tensor([0, 1, 1])


@pytest.mark.parametrize("metric", COUNTS + RANKS)
@pytest.mark.parametrize(
    ("predictions", "labels", "message"),
    [
        (torch.zeros(0), torch.zeros(0, dtype=torch.int64), r"B >= 1, but are int64 \(0,\)"),
        (torch.zeros(0, 3), torch.zeros(0, dtype=torch.int64), r"B >= 1, but are int64 \(0,\)"),
        (torch.zeros(4), INTEGERS, r"Each of 3 labels needs one prediction, but came float32 \(4,\)"),
        (torch.zeros(3, 1), INTEGERS, r"float32 \(3, 1\)\. squeeze\(1\)"),
        (torch.zeros(3, 2, 2), INTEGERS, r"K >= 2, but are float32 \(3, 2, 2\)"),
        (torch.zeros(3), torch.zeros(3, 1, dtype=torch.int64), r"B >= 1, but are int64 \(3, 1\)"),
        (torch.zeros(3), torch.zeros(3), r"integers of shape \(B,\), B >= 1, but are float32 \(3,\)"),
        (torch.tensor([0.0, NAN, 1.0]), INTEGERS, "hold NaN"),
        (torch.zeros(3), torch.tensor([0, 1, 2]), "from 0 to 1, but go from 0 to 2"),
        (torch.zeros(3, 3), torch.tensor([0, 1, 3]), "from 0 to 2, but go from 0 to 3"),
        (torch.zeros(3, 3), torch.tensor([0, 1, -1]), "from 0 to 2, but go from -1 to 1"),
    ],
)
def test_what_is_not_right_is_refused(metric, predictions, labels, message):
    with pytest.raises(ValueError, match=message):
        metric(predictions, labels)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (torch.tensor([0, 1]), r"Each of 3 labels needs one prediction, but came int64 \(2,\)"),
        (torch.tensor([[0, 1], [1, 0], [0, 0]]), r"shape \(B,\), but are int64 \(3, 2\)"),
        (torch.tensor([0, -1, 0]), "Predicted labels should be from 0 to 1, but go from -1 to 0"),
    ],
)
def test_wrong_predicted_labels_are_refused(predictions, message):
    with pytest.raises(ValueError, match=message):
        metrics.accuracy(predictions, INTEGERS)


@pytest.mark.parametrize("metric", RANKS)
def test_labels_are_not_logits(metric):
    with pytest.raises(ValueError, match=r"Logits should be floats .* but are int64"):
        metric(INTEGERS, INTEGERS)


def test_what_cannot_be_defined_is_refused():
    zeros, ones = torch.zeros(2, dtype=torch.int64), torch.ones(2, dtype=torch.int64)
    for labels, missing in ((zeros, r"none of \[1\]"), (ones, r"none of \[0\]")):
        with pytest.raises(ValueError, match=missing):
            metrics.auroc(torch.tensor([0.0, 1.0]), labels)
    with pytest.raises(ValueError, match=r"The ROC curve .*none of \[2\].*stratified"):
        metrics.auroc(torch.eye(3)[:2], torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="came 3 classes"):
        metrics.f1(PREDICTED, LABELS)
    with pytest.raises(ValueError, match="but is 'mean'"):
        metrics.f1(PREDICTED, LABELS, average="mean")
    with pytest.raises(ValueError, match="classes should be at least 3"):
        metrics.confusion_matrix(PREDICTED, LABELS, 2)
    with pytest.raises(ValueError, match="bins should be at least 1"):
        metrics.calibration_error(SIGNED, TWO, bins=0)


@pytest.mark.parametrize("metric", COUNTS + RANKS)
def test_a_graph_is_not_kept_and_nothing_is_changed(metric):
    logits: Tensor = SIGNED.clone().requires_grad_()
    value = metric(logits, TWO)
    assert type(value) is float
    assert torch.equal(logits.detach(), SIGNED)
    assert metric(SIGNED.half(), TWO) == pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("metric", RANKS)
def test_what_the_softmax_leaves_out_does_not_count(metric):
    logits = torch.rand(30, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)  # all within [0, 1]
    labels = torch.arange(30) % 3
    shifted = logits + 10 * torch.arange(30).view(30, 1)
    assert metric(logits, labels) == pytest.approx(metric(shifted, labels), abs=1e-6)
