"""Losses against hand-computed tables and against PyTorch's own, over shapes and extremes."""

import math
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from helpers import losses
from helpers.runtime import check_labels

LN2 = math.log(2)


@pytest.mark.parametrize(
    ("predictions", "targets", "squared", "root"),
    [
        ([3.0], [3.0], 0.0, 0.0),
        ([1.0, 2.0], [0.0, 0.0], 2.5, math.sqrt(2.5)),
        ([10.0, 10.0], [0.0, 0.0], 100.0, 10.0),  # RMSE has the unit of y and no upper bound
        ([[1.0], [3.0]], [[1.0], [1.0]], 2.0, math.sqrt(2.0)),
    ],
)
def test_squared_error_and_its_root(predictions, targets, squared, root):
    predictions, targets = torch.tensor(predictions), torch.tensor(targets)
    assert losses.squared_error(predictions, targets).item() == pytest.approx(squared)
    assert losses.rmse(predictions, targets).item() == pytest.approx(root)


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        ([[0.5, 0.5]], [[0.5, 0.5]], 0.0),
        ([[1.0, 0.0]], [[0.5, 0.5]], LN2),  # 0 log 0 counts as 0
        ([[0.5, 0.5]], [[0.25, 0.75]], 0.5 * math.log(2) + 0.5 * math.log(2 / 3)),
        ([[0.5, 0.5]], [[1.0, 0.0]], math.inf),
        ([[1.0, 0.0], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]], LN2 / 2),
    ],
)
def test_kl_divergence(p, q, expected):
    assert losses.kl_divergence(torch.tensor(p), torch.tensor(q)).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("logits", "targets", "expected"),
    [
        ([0.0], [1], LN2),
        ([0.0, 0.0], [0, 1], LN2),
        ([800.0], [1], 0.0),
        ([800.0], [0], 800.0),
        ([-800.0], [1], 800.0),
        ([math.log(3)], [1], math.log(4 / 3)),  # p = 3/4
        ([0.0], [0.5], LN2),
    ],
)
def test_binary_cross_entropy(logits, targets, expected):
    assert losses.binary_cross_entropy(torch.tensor(logits), torch.tensor(targets)).item() == pytest.approx(expected)


@pytest.mark.parametrize("logit", [20.0, 30.0, 80.0])
def test_a_small_binary_cross_entropy_keeps_its_digits(logit):
    """The loss of a right and sure answer is log(1 + exp(-z)), about exp(-z); a difference of large numbers is 0."""
    for z, label in ((logit, 1), (-logit, 0)):
        loss = losses.binary_cross_entropy(torch.tensor([z]), torch.tensor([label])).item()
        assert loss == pytest.approx(math.log1p(math.exp(-logit)), rel=1e-5, abs=0)


@pytest.mark.parametrize(
    ("logits", "labels", "expected"),
    [
        ([[0.0, 0.0]], [0], LN2),
        ([[0.0, 0.0, 0.0, 0.0]], [3], math.log(4)),
        ([[1000.0, 0.0]], [0], 0.0),
        ([[1000.0, 0.0]], [1], 1000.0),
        ([[math.log(3), 0.0], [0.0, 0.0]], [0, 1], (math.log(4 / 3) + LN2) / 2),
    ],
)
def test_cross_entropy(logits, labels, expected):
    assert losses.cross_entropy(torch.tensor(logits), torch.tensor(labels)).item() == pytest.approx(expected)


numbers = st.floats(-1e4, 1e4, width=32)


@given(st.lists(st.tuples(numbers, st.integers(0, 1)), min_size=1, max_size=20))
def test_binary_cross_entropy_and_its_gradient_agree_with_pytorch(rows):
    logits = torch.tensor([z for z, _ in rows], requires_grad=True)
    targets = torch.tensor([y for _, y in rows])
    ours = losses.binary_cross_entropy(logits, targets)
    (gradient,) = torch.autograd.grad(ours, logits)
    theirs = functional.binary_cross_entropy_with_logits(logits, targets.float())
    assert ours.isfinite()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradient, (torch.sigmoid(logits.detach()) - targets) / len(rows), rtol=1e-4, atol=1e-6)


@given(
    st.integers(1, 12).flatmap(
        lambda k: st.lists(
            st.tuples(st.lists(numbers, min_size=k, max_size=k), st.integers(0, k - 1)), min_size=1, max_size=8
        )
    )
)
def test_cross_entropy_and_its_gradient_agree_with_pytorch(rows):
    logits = torch.tensor([z for z, _ in rows], dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([y for _, y in rows])
    ours = losses.cross_entropy(logits, labels)
    (gradient,) = torch.autograd.grad(ours, logits)
    theirs = functional.cross_entropy(logits, labels)
    assert ours.isfinite()
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    (their_gradient,) = torch.autograd.grad(theirs, logits)
    torch.testing.assert_close(gradient, their_gradient, rtol=1e-9, atol=1e-9)


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=10),
    st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=10),
)
def test_kl_divergence_agrees_with_pytorch_and_is_never_negative(a, b):
    size = min(len(a), len(b))
    p, q = torch.tensor(a[:size]).softmax(0)[None], torch.tensor(b[:size]).softmax(0)[None]
    ours = losses.kl_divergence(p.double(), q.double())
    theirs = functional.kl_div(q.double().log(), p.double(), reduction="batchmean")
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)
    assert ours > -1e-6


@pytest.mark.parametrize("loss", [losses.squared_error, losses.rmse, losses.binary_cross_entropy, losses.kl_divergence])
def test_a_column_against_a_row_is_refused_and_not_broadcast(loss):
    with pytest.raises(ValueError, match=r"got \(4, 1\) and \(4,\)"):
        loss(torch.rand(4, 1), torch.rand(4))


@pytest.mark.parametrize(
    ("logits", "labels", "advice"),
    [
        ((4, 3), (4, 3), "need labels of shape (4,), one class number each, got (4, 3); these look like one-hot"),
        ((4, 3), (4, 3), "argmax(dim=1)"),
        ((4, 3), (4, 1), "got (4, 1); drop their second dimension with squeeze(1)"),
        ((4, 3), (3,), "labels of shape (4,), one class number each, got (3,)"),
        ((4, 3), (), "labels of shape (4,), one class number each, got ()"),
        ((4,), (4,), "expected logits of shape (B, K), one score per class, got (4,)"),
    ],
)
def test_cross_entropy_wants_one_label_per_row_and_says_how_to_get_it(logits, labels, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        losses.cross_entropy(torch.rand(logits), torch.zeros(labels, dtype=torch.int64))


@pytest.mark.parametrize(
    ("logits", "labels", "advice"),
    [
        ((2, 4, 8, 8), (2, 4, 8, 8), "argmax(dim=1)"),
        (
            (2, 4, 8, 8),
            (2, 1, 8, 8),
            "labels of shape (2, 8, 8), one class number each, got (2, 1, 8, 8); drop their second dimension",
        ),
        ((2, 4, 8, 8), (2, 8), "labels of shape (2, 8, 8), one class number each, got (2, 8)"),
    ],
)
def test_labels_of_images_are_checked_in_the_same_way(logits, labels, advice):
    with pytest.raises(ValueError, match=re.escape(advice)):
        check_labels(torch.rand(logits), torch.zeros(labels))
    assert check_labels(torch.rand(logits), torch.zeros(2, 8, 8)) is None


@pytest.mark.parametrize("label", [3, -1])
def test_cross_entropy_refuses_a_label_that_is_no_class(label):
    with pytest.raises(RuntimeError, match="out of bounds"):
        losses.cross_entropy(torch.rand(2, 3), torch.tensor([0, label]))
