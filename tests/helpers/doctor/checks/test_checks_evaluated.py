"""Evaluations that compare all with all, or that run over other data than they are handed; batches that repeat."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.doctor import examine
from helpers.doctor.checks.evaluation import check_evaluation
from helpers.doctor.checks.repeats import check_repeats
from tests.helpers.doctor.small import blobs, causes, mlp, program


def of_two(count=192):
    """Points of which two in three are ones."""
    x, labels = blobs(count)
    return x, (labels > 0).float().unsqueeze(1)


def in_batches(x, y, size=16):
    return list(zip(x.split(size), y.split(size), strict=True))


def shares(kind):
    """An evaluation of one score for each sample."""

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        parts, count = [], 0
        for x, y in batches:
            guesses = (model(x) > 0).float()
            right = (guesses == (y if kind == "right" else y[:, 0])).float()
            parts.append(right.sum() / (1 if kind == "sum" else right.shape[1]))  # of (B, B) or (B, 1)
            count += len(x)
        return float(sum(parts) / count)

    return evaluate


@pytest.mark.parametrize("kind", ["right", "mean", "sum"])
def test_guesses_compared_with_all_labels(kind):
    x, y = of_two()
    train, valid = in_batches(x[:96], y[:96]), in_batches(x[96:], y[96:], 24)
    given = program(mlp(6, 1), nn.BCEWithLogitsLoss(), batches=train, valid=valid, evaluate=shares(kind))
    assert causes(check_evaluation, given) == ({} if kind == "right" else {"evaluation-broadcasts": "fault"})


def accuracy(batches_of):
    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        hits = count = 0
        for x, y in batches_of(batches):
            hits, count = hits + int((model(x).argmax(1) == y).sum()), count + len(y)
        return hits / count

    return evaluate


@pytest.mark.parametrize("handed", [True, False])
def test_an_evaluation_of_the_training_set(handed):
    train, valid = in_batches(*blobs()), in_batches(*blobs(80))
    evaluate = accuracy(lambda batches: batches if handed else train)
    given = program(mlp(), F.cross_entropy, batches=train, valid=valid, evaluate=evaluate)
    assert causes(check_evaluation, given) == ({} if handed else {"evaluation-of-other-data": "fault"})


def test_an_evaluation_of_the_validation_set_by_its_name():
    train, valid = in_batches(*blobs()), in_batches(*blobs(80))
    evaluate = accuracy(lambda batches: valid)  # noqa: ARG005
    given = program(mlp(), F.cross_entropy, batches=train, valid=valid, evaluate=evaluate)
    assert "evaluation-of-other-data" not in causes(check_evaluation, given)


class Again:
    """Gives the first batch so many times, or each batch once."""

    def __init__(self, batches, walks):
        self.batches, self.walks = batches, walks

    def __iter__(self):
        return iter(self.batches if self.walks else [self.batches[0]] * len(self.batches))


@pytest.mark.parametrize("walks", [True, False])
def test_one_batch_for_a_whole_epoch(walks):
    given = program(mlp(), F.cross_entropy, batches=Again(in_batches(*blobs(96)), walks))
    assert causes(check_repeats, given) == ({} if walks else {"samples-repeat": "suspicion"})


def test_one_batch_on_purpose_and_batches_without_content():
    batch = in_batches(*blobs(16))[0]
    assert causes(check_repeats, program(mlp(), F.cross_entropy, batches=[batch] * 8)) == {}
    nothing = (torch.zeros(96, 6), torch.zeros(96, dtype=torch.long))  # the step draws its own noise
    assert causes(check_repeats, program(mlp(), F.cross_entropy, nothing)) == {}


def loss_per_sample(loss, activate):
    """An evaluation by the mean loss of a sample, of what this function makes of the scores."""

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        total = count = 0
        for x, y in batches:
            total, count = total + loss(activate(model(x)), y, reduction="sum").item(), count + len(y)
        return total / count

    return evaluate


def shares_of_classes(scores):
    return scores.softmax(1)


def as_they_are(scores):
    return scores


EVALUATED_LOSSES = {
    "classes": (F.cross_entropy, shares_of_classes, blobs, 3),
    "one score": (F.binary_cross_entropy_with_logits, torch.sigmoid, of_two, 1),
}


@pytest.mark.parametrize("mended", [False, True])
@pytest.mark.parametrize("kind", EVALUATED_LOSSES)
def test_an_evaluation_by_a_loss_of_shares(kind, mended):
    loss, activate, data, outside = EVALUATED_LOSSES[kind]
    train, valid = in_batches(*data(96)), in_batches(*data(48))
    evaluate = loss_per_sample(loss, as_they_are if mended else activate)
    given = program(mlp(6, outside), loss, batches=train, valid=valid, evaluate=evaluate)
    assert causes(check_evaluation, given) == ({} if mended else {"evaluation-loss-of-shares": "fault"})


def logarithms(scores):
    return scores.log_softmax(1)


def divergence(handed, labels, reduction):
    """The divergence from targets that are one for the right class."""
    return F.kl_div(handed, F.one_hot(labels, 3).float(), reduction=reduction)


SCORES_IN_A_LOSS = [
    (F.nll_loss, as_they_are, logarithms),
    (F.nll_loss, shares_of_classes, logarithms),
    (divergence, as_they_are, logarithms),
    (divergence, shares_of_classes, logarithms),
    (F.binary_cross_entropy, as_they_are, torch.sigmoid),
]


@pytest.mark.parametrize("mended", [False, True])
@pytest.mark.parametrize(("loss", "wrong", "right"), SCORES_IN_A_LOSS)
def test_an_evaluation_by_a_loss_of_scores(loss, wrong, right, mended):
    data, outside = (of_two, 1) if loss is F.binary_cross_entropy else (blobs, 3)
    train, valid = in_batches(*data(96)), in_batches(*data(48))
    trained = F.binary_cross_entropy_with_logits if outside == 1 else F.cross_entropy
    evaluate = loss_per_sample(loss, right if mended else wrong)
    given = program(mlp(6, outside), trained, batches=train, valid=valid, evaluate=evaluate)
    assert causes(check_evaluation, given) == ({} if mended else {"evaluation-loss-of-scores": "fault"})


def test_a_divergence_of_single_yes_or_no_shares():
    """Logarithms of shares that do not sum to one over any axis are right, too."""

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        total = count = 0
        for x, y in batches:
            yes, no = F.logsigmoid(model(x)), F.logsigmoid(-model(x))
            total += float(F.kl_div(yes, y, reduction="sum") + F.kl_div(no, 1 - y, reduction="sum"))
            count += len(y)
        return total / count

    train, valid = in_batches(*of_two(96)), in_batches(*of_two(48))
    given = program(mlp(6, 1), F.binary_cross_entropy_with_logits, batches=train, valid=valid, evaluate=evaluate)
    assert causes(check_evaluation, given) == {}


def test_a_loss_of_scores_in_training_hides_that_of_the_evaluation():
    x, y = blobs(192)
    model = mlp()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    train, valid = in_batches(x[:144], y[:144]), in_batches(x[144:], y[144:])
    evaluate = loss_per_sample(F.nll_loss, as_they_are)
    report = examine(model, F.nll_loss, train, optimizer, valid=valid, evaluate=evaluate)
    assert [finding.cause for finding in report if finding.grade == "fault"] == ["nll-without-log-softmax"]


@pytest.mark.parametrize("last", ["softmax", "scores"])
def test_a_training_by_a_loss_of_shares_hides_that_of_the_evaluation(last):
    """One fault of the model is named once, and where only the evaluation has it, that one is."""
    x, y = blobs(192)
    model = mlp(6, 3, nn.Softmax(1)) if last == "softmax" else mlp()
    evaluate = loss_per_sample(F.cross_entropy, as_they_are if last == "softmax" else shares_of_classes)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    train, valid = in_batches(x[:144], y[:144]), in_batches(x[144:], y[144:])
    report = examine(model, F.cross_entropy, train, optimizer, valid=valid, evaluate=evaluate)
    named = [finding.cause for finding in report if finding.grade == "fault"]
    assert named == ["softmax-before-cross-entropy" if last == "softmax" else "evaluation-loss-of-shares"]
