"""Models that answer with several tensors, and models that are several networks: what the loss reads is checked."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.doctor import examine
from helpers.doctor.checks.losses import check_direction
from helpers.doctor.checks.outputs import check_batch, check_input
from helpers.doctor.checks.pairs import check_pairs
from helpers.doctor.checks.ranges import check_ranges
from helpers.doctor.checks.starts import check_start_loss
from helpers.doctor.probing.main_answer import main_place
from helpers.doctor.probing.parts import parts
from helpers.doctor.probing.trees import floats, mapped
from tests.helpers.doctor.small import blobs, causes, mlp, program


@dataclass
class Plain:
    """An answer of two tensors, the second of which is trained."""

    features: Tensor
    scores: Tensor


@dataclass(frozen=True)
class Frozen:
    """The same, and nothing of it can be set."""

    features: Tensor
    scores: Tensor


class Named(NamedTuple):
    """The same as a named tuple."""

    features: Tensor
    scores: Tensor


class Output(OrderedDict):
    """As in transformers: a mapping whose entries are attributes, too."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


KINDS = {
    "tuple": (lambda features, scores: (features, scores), lambda answer: answer[1]),
    "dict": (lambda features, scores: {"features": features, "scores": scores}, lambda answer: answer["scores"]),
    "nested": (lambda features, scores: {"a": [features], "b": (scores,)}, lambda answer: answer["b"][0]),
    "named tuple": (Named, lambda answer: answer.scores),
    "dataclass": (Plain, lambda answer: answer.scores),
    "frozen dataclass": (Frozen, lambda answer: answer.scores),
    "output": (lambda features, scores: Output(features=features, scores=scores), lambda answer: answer.scores),
}
kinds = pytest.mark.parametrize("kind", KINDS)


class Several(nn.Module):
    """Answers with its features, which are right, and with scores, which may not be."""

    def __init__(self, kind, change=None, outside=3):
        super().__init__()
        self.pack, self.change = KINDS[kind][0], change
        self.first, self.last = nn.Linear(6, 12), nn.Linear(12, outside)

    def forward(self, x):
        features = self.first(x).relu()
        scores = self.last(features)
        return self.pack(features, self.change(scores) if self.change else scores)


def given(kind, change=None, loss=F.cross_entropy, outside=3, data=None):
    read = KINDS[kind][1]
    model = Several(kind, change, outside)
    return program(model, lambda answer, target: loss(read(answer), target), data or blobs())


@kinds
def test_trees_of_this_kind_are_changed_and_kept(kind):
    tree = KINDS[kind][0](torch.zeros(2), torch.ones(3))
    other = mapped(lambda tensor: tensor + 1, tree)
    assert type(other) is type(tree)
    assert [float(part.sum()) for part in floats(other)] == [2.0, 6.0]
    assert [float(part.sum()) for part in floats(tree)] == [0.0, 3.0]


@kinds
def test_what_the_loss_reads_is_found(kind):
    assert main_place(given(kind)) == 1


def test_of_several_that_are_read_the_first_counts():
    model = Several("dict")
    both = program(model, lambda answer, y: F.cross_entropy(answer["scores"], y) + answer["features"].mean(), blobs())
    assert main_place(both) == 0


def test_a_loss_that_the_model_makes_itself_leaves_the_first_with_a_batch_axis():
    class Whole(Several):
        def forward(self, x, labels):
            scores = self.last(self.first(x).relu())
            return Output(loss=F.cross_entropy(scores, labels), scores=scores)

    x, y = blobs()
    batches = [{"x": a, "labels": b} for a, b in zip(x.split(16), y.split(16), strict=True)]
    model = Whole("dict")
    whole = program(model, None, step=lambda model, batch: model(**batch).loss, batches=batches)
    assert not whole.answers_alone  # the labels are taken for targets
    report = examine(model, None, batches, whole.optimizer, step=lambda model, batch: model(**batch).loss)
    assert report.findings == []


@kinds
def test_scores_that_are_shares(kind):
    for check in (check_ranges,):
        assert causes(check, given(kind, lambda scores: scores.softmax(1))) == {"softmax-before-cross-entropy": "fault"}
        assert causes(check, given(kind)) == {}


@kinds
def test_scores_that_are_mixed_or_do_not_depend_on_the_input(kind):
    assert causes(check_batch, given(kind, lambda scores: scores - scores.mean(0))) == {"batch-mixed": "fault"}
    assert causes(check_input, given(kind, lambda scores: 0 * scores)) == {"input-ignored": "fault"}
    for check in (check_batch, check_input):
        assert causes(check, given(kind)) == {}


@kinds
def test_the_loss_of_such_scores(kind):
    x, y = blobs()
    column = x, (y == 0).float()
    wrong = given(kind, outside=1, data=column, loss=lambda a, b: (torch.sigmoid(a) - b).square().mean())
    right = given(kind, outside=1, data=column, loss=lambda a, b: (torch.sigmoid(a[:, 0]) - b).square().mean())
    assert "loss-broadcasts" in causes(check_pairs, wrong)
    assert causes(check_pairs, right) == {}
    assert causes(check_direction, given(kind, loss=lambda a, b: -F.cross_entropy(a, b))) == {
        "loss-grows-towards-truth": "fault"
    }
    assert causes(check_start_loss, given(kind, lambda scores: 100 * scores)) == {"start-loss-high": "suspicion"}
    for check in (check_direction, check_start_loss):
        assert causes(check, given(kind)) == {}


@kinds
def test_right_programs_of_this_kind_have_no_finding(kind):
    it = given(kind)
    report = examine(it.model, it.loss_fn, it.batches, it.optimizer)
    assert report.findings == []
    assert not [sentence for sentence in report.left_out if "stopped by" in sentence]


class Mixing(nn.Module):
    """Takes the mean of the batch away."""

    def forward(self, x):
        return x - x.mean(0)


def networks(*between):
    """A body and a head that are never called as one."""
    model = nn.ModuleDict({"body": nn.Sequential(nn.Linear(6, 12), *between, nn.ReLU()), "head": nn.Linear(12, 3)})

    def step(model, batch):
        return F.cross_entropy(model["head"](model["body"](batch[0])), batch[1])

    return program(model, None, blobs(), step=step)


def found_in(it):
    report = examine(it.model, None, it.batches, it.optimizer, step=it.step)
    return {(finding.cause, finding.seen.partition(",")[0]) for finding in report}


def test_each_network_of_several_is_checked():
    assert parts(networks()).keys() == {"body", "head"}
    assert found_in(networks()) == set()
    assert ("batch-mixed", "in 'body'") in found_in(networks(Mixing()))
    assert ("dropout-always-on", "in 'body'") in found_in(networks(AlwaysDrops()))


class AlwaysDrops(nn.Module):
    """Drops units in eval mode, too."""

    def forward(self, x):
        return F.dropout(x, 0.5)


def test_a_network_that_takes_time_first_is_left_out():
    model = nn.ModuleDict({"rnn": nn.GRU(6, 8), "head": nn.Linear(8, 3)})

    def step(model, batch):
        return F.cross_entropy(model["head"](model["rnn"](batch[0].transpose(0, 1))[1][0]), batch[1])

    x = torch.randn(64, 5, 6)
    it = program(model, None, (x, x[:, 0, :3].argmax(1)), step=step)
    assert parts(it).keys() == {"head"}


def test_one_network_among_others_is_found_by_its_name():
    model = nn.ModuleDict({"all": mlp()})
    it = program(model, None, blobs(), step=lambda model, batch: F.cross_entropy(model["all"](batch[0]), batch[1]))
    assert list(parts(it)) == ["all"]
