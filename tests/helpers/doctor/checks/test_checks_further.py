"""Checks that came after the first ones: a faulty and a right program for each."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.doctor.checks.data import check_values
from helpers.doctor.checks.dead import check_dead_units
from helpers.doctor.checks.evaluation import check_evaluation
from helpers.doctor.checks.labels import check_label_information
from helpers.doctor.checks.mirrored import check_mirrored
from helpers.doctor.checks.pairs import check_pairs
from helpers.doctor.checks.splits import check_labels
from helpers.doctor.examine import examine
from tests.helpers.doctor.small import blobs, causes, line, mlp, program


class Called(nn.Module):
    """Calls its ReLU as a function."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 12), nn.Linear(12, 3)

    def forward(self, x):
        return self.last(F.relu(self.first(x)))


@pytest.mark.parametrize("make", [mlp, Called])
@pytest.mark.parametrize(
    ("bias", "units", "expected"),
    [
        (-50.0, 12, {"units-dead-at-start": "fault"}),
        (-50.0, 11, {"units-dead-at-start": "suspicion"}),
        (-50.0, 6, {}),
        (0.0, 12, {}),
    ],
)
def test_units_that_never_answer(make, bias, units, expected):
    model = make()
    with torch.no_grad():
        next(layer for layer in model.modules() if isinstance(layer, nn.Linear)).bias[:units] = bias
    assert causes(check_dead_units, program(model, F.cross_entropy, blobs())) == expected


def test_units_without_a_threshold_are_not_looked_at():
    model = nn.Sequential(nn.Linear(6, 12), nn.Sigmoid(), nn.Linear(12, 3))
    nn.init.constant_(model[0].bias, -50.0)
    assert causes(check_dead_units, program(model, F.cross_entropy, blobs())) == {}


def images(count=60):
    return torch.randn(count, 1, 6, 6), torch.arange(count) % 3


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (lambda x: x.flip(-1), {"valid-overlaps-train": "fault"}),
        (lambda x: x.flip(-2), {"valid-overlaps-train": "fault"}),
        (lambda x: x.rot90(1, (-2, -1)), {"valid-overlaps-train": "fault"}),
        (lambda x: x + 1, {}),
    ],
)
def test_images_turned_on_the_other_side(turn, expected):
    x, y = images()
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    given = program(model, F.cross_entropy, (x, y), valid=[(turn(x[:30]), y[:30])])
    assert causes(check_mirrored, given) == expected


def test_images_that_look_the_same_in_a_mirror_are_no_copies():
    x, y = images()
    even = x + x.flip(-1)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    given = program(model, F.cross_entropy, (even[:30], y[:30]), valid=[(even[30:], y[30:])])
    assert causes(check_mirrored, given) == {}


def errors(model, batches):
    return torch.cat([(model(x) - y).square() for x, y in batches])


EVALUATIONS = {
    "root of each batch": lambda model, batches: (
        sum(float(errors(model, [batch]).mean().sqrt()) for batch in batches) / len(batches)
    ),
    "full batches": lambda model, batches: (
        sum(float(errors(model, [batch]).sum()) for batch in batches) / (48 * len(batches))
    ),
    "root of all": lambda model, batches: float(errors(model, batches).mean().sqrt()),
    "mean of all": lambda model, batches: float(errors(model, batches).mean()),
    "sum of all": lambda model, batches: float(errors(model, batches).sum()),
}


@pytest.mark.parametrize("case", EVALUATIONS)
def test_an_evaluation_of_any_figure_batch_by_batch(case):
    x, y = line()
    valid = [(x[:48], y[:48]), (x[48:96], y[48:96]), (x[96:101], y[96:101])]
    evaluate = torch.no_grad()(EVALUATIONS[case])
    given = program(mlp(4, 1), nn.MSELoss(), (x, y), valid=valid, evaluate=evaluate)
    wrong = {"evaluation-averages-batches": "suspicion"}
    assert causes(check_evaluation, given) == (wrong if case in ("root of each batch", "full batches") else {})


def test_equal_batches_of_a_mean_may_be_averaged():
    x, y = line()
    valid = [(x[:40], y[:40]), (x[40:80], y[40:80])]

    @torch.no_grad()
    def evaluate(model, batches):
        return sum(float(errors(model, [batch]).mean()) for batch in batches) / len(batches)

    given = program(mlp(4, 1), nn.MSELoss(), (x, y), valid=valid, evaluate=evaluate)
    assert causes(check_evaluation, given).keys() <= {"evaluation-depends-on-batching"}  # as it would be cut otherwise


@pytest.mark.parametrize(
    ("change", "expected"),
    [(lambda y: y.roll(1), {"label-without-information": "fault"}), (lambda y: y, {})],
)
@pytest.mark.parametrize("count", [120, 240])
def test_labels_moved_by_a_row(count, change, expected):
    x, y = blobs(count)
    assert causes(check_label_information, program(mlp(), F.cross_entropy, (x, change(y)))) == expected


def test_classes_that_only_have_other_numbers_were_seen():
    x, y = blobs()
    given = program(mlp(6, 4), F.cross_entropy, (x[:120], y[:120]), valid=[(x[120:], y[120:] + 1)])
    assert causes(check_labels, given) == {"label-map-differs": "fault"}


@pytest.mark.parametrize(("read", "expected"), [(False, {"loss-ignores-target": "suspicion"}), (True, {})])
def test_targets_that_the_step_does_not_read(read, expected):
    def step(model, batch):
        return F.mse_loss(model(batch[0]), batch[1] if read else batch[0][:, :1])

    assert causes(check_pairs, program(mlp(4, 1), None, line(), step=step)) == expected


def test_labels_that_an_autoencoder_does_not_need():
    def step(model, batch):
        return F.mse_loss(model(batch[0]), batch[0])

    assert causes(check_pairs, program(mlp(6, 6), None, blobs(), step=step)) == {}


def test_raw_inputs_are_no_second_finding_where_a_batch_normalization_sleeps():
    """Awake, it would have scaled them."""
    inputs, labels = blobs()
    model = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))

    def train_step(model, batch, optimizer):
        model.eval()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.detach()

    batches = list(zip((40 + 15 * inputs).split(32), labels.split(32), strict=True))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    report = examine(model, nn.CrossEntropyLoss(), batches, optimizer, train_step=train_step)
    assert [finding.cause for finding in report if finding.grade != "note"] == ["trained-in-eval-mode"]


@pytest.mark.parametrize(("factor", "expected"), [(60.0, {"inputs-badly-scaled": "suspicion"}), (1.0, {})])
def test_inputs_that_are_tens_of_times_too_large(factor, expected):
    x, y = blobs()
    spread = x / x.std(0)
    given = program(mlp(), F.cross_entropy, (factor * spread, y), optimizer=None)
    given.optimizer = torch.optim.SGD(given.model.parameters(), lr=0.1)
    assert causes(check_values, given) == expected
