"""What the answers depend on, which parts learn: a faulty and a right program for each check."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.doctor.checks.checkpoints import check_checkpoint
from helpers.doctor.checks.freezing import check_freeze_flags
from helpers.doctor.checks.gradients import check_finite, check_flow
from helpers.doctor.checks.modes import check_batch_of_one, check_determinism, check_dropout
from helpers.doctor.checks.outputs import check_batch, check_in_place, check_input
from helpers.doctor.checks.registration import check_optimizer, check_registration
from helpers.doctor.checks.starts import check_shared_layers, check_start_loss
from helpers.doctor.checks.units import check_equal_units
from tests.helpers.doctor.small import blobs, causes, line, mlp, program


class Two(nn.Module):
    """Two layers, and a word that says what is wrong between them."""

    def __init__(self, fault="", inside=6, outside=3):
        super().__init__()
        self.fault, self.held = fault, None
        self.first, self.last = nn.Linear(inside, 12), nn.Linear(12, outside)
        self.hidden = [nn.Linear(12, 12)] if fault == "list" else nn.ModuleList([nn.Linear(12, 12)])
        self.drop, self.relu = nn.Dropout(0.5), nn.ReLU(inplace=True)

    def forward(self, x):
        first = nn.Linear(6, 12) if self.fault == "made" else self.first
        if self.fault == "ignored":
            x = torch.zeros_like(x)
        with torch.set_grad_enabled(self.fault != "cut" and torch.is_grad_enabled()):
            h = first(x)
        h = self.hidden[0](h)
        if self.fault == "in place":
            h = h + self.relu(h)
        if self.fault == "mixed":
            h = h - h.mean()
        if self.fault == "dropout":
            h = F.dropout(h, 0.5)
        if self.fault == "noise":
            h = h + torch.randn_like(h)
        if self.fault == "carried":
            h = h + (0 if self.held is None else self.held)
            self.held = h.detach().mean(0)
        return self.last(self.drop(torch.tanh(h)))


def classifier(fault):
    return program(Two(fault), nn.CrossEntropyLoss(), blobs())


MODEL_FAULTS = {
    "made": (check_registration, {"layer-made-in-forward": "fault"}),
    "list": (check_registration, {"layers-not-registered": "fault"}),
    "cut": (check_flow, {"gradient-cut-off": "fault"}),
    "ignored": (check_input, {"input-ignored": "fault"}),
    "mixed": (check_batch, {"batch-mixed": "fault"}),
    "in place": (check_in_place, {"changed-in-place": "fault"}),
    "dropout": (check_determinism, {"dropout-always-on": "suspicion"}),
    "noise": (check_determinism, {"answers-random": "suspicion"}),
    "carried": (check_determinism, {"state-carried-over": "fault"}),
}


@pytest.mark.parametrize("fault", MODEL_FAULTS)
def test_fault_of_a_model(fault):
    check, expected = MODEL_FAULTS[fault]
    assert causes(check, classifier(fault)) == expected


# In the order of the table: a set has another order in each process, and two workers must collect the same tests.
MODEL_CHECKS = list(dict.fromkeys(check for check, _ in MODEL_FAULTS.values()))


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_right_model(check):
    assert causes(check, classifier("")) == {}


@pytest.mark.parametrize("held", ["another", "the last", "all"])
def test_what_the_optimizer_holds(held):
    model = mlp()
    parameters = {"another": mlp(), "the last": model[2], "all": model}[held].parameters()
    given = program(model, nn.CrossEntropyLoss(), blobs(), optimizer=torch.optim.SGD(parameters, lr=0.1))
    expected = {
        "another": {"optimizer-of-another-model": "fault"},
        "the last": {"optimizer-misses-parameters": "suspicion"},  # perhaps the head alone is trained on purpose
        "all": {},
    }
    assert causes(check_optimizer, given) == expected[held]


def test_a_missing_layer_in_the_middle_is_no_choice():
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))
    parameters = [*model[0].parameters(), *model[4].parameters()]
    given = program(model, nn.CrossEntropyLoss(), blobs(), optimizer=torch.optim.SGD(parameters, lr=0.1))
    assert causes(check_optimizer, given) == {"optimizer-misses-parameters": "fault"}


def test_frozen_layers_are_not_missed():
    model = mlp()
    model[0].requires_grad_(False)
    given = program(model, nn.CrossEntropyLoss(), blobs(), optimizer=torch.optim.SGD(model[2].parameters(), lr=0.1))
    assert causes(check_optimizer, given) == {}
    assert causes(check_flow, given) == {}


class LowRank(nn.Module):
    """A frozen layer with two factors beside it, the second zero at the start."""

    def __init__(self):
        super().__init__()
        self.base = nn.Linear(6, 3).requires_grad_(False)
        self.down, self.up = nn.Parameter(torch.randn(6, 2)), nn.Parameter(torch.zeros(2, 3))

    def forward(self, x):
        return self.base(x) + x @ self.down @ self.up


@pytest.mark.parametrize("check", [check_flow, check_equal_units, check_input, check_optimizer])
def test_an_adapter_that_starts_at_zero_is_right(check):
    assert causes(check, program(LowRank(), nn.CrossEntropyLoss(), blobs())) == {}


class Weighed(nn.Module):
    """Weighs the steps of a series by attention over this axis."""

    def __init__(self, axis):
        super().__init__()
        self.axis, self.score, self.last = axis, nn.Linear(4, 1), nn.Linear(4, 1)

    def forward(self, x):
        return self.last((self.score(x).softmax(self.axis) * x).sum(1))


@pytest.mark.parametrize(("axis", "expected"), [(2, {"softmax-over-one": "fault"}), (1, {})])
def test_softmax_over_one(axis, expected):
    given = program(Weighed(axis), nn.MSELoss(), (torch.randn(64, 5, 4), torch.randn(64, 1)))
    assert causes(check_flow, given) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [(0.1, {"units-start-equal": "fault"}), (0.0, {"units-start-equal": "fault"}), (None, {})],
)
def test_equal_units(start, expected):
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    if start is not None:
        for parameter in model.parameters():
            nn.init.constant_(parameter, start)
    assert causes(check_equal_units, program(model, nn.MSELoss(), line())) == expected


def test_last_layer_of_zeros_is_right():
    model = mlp()
    nn.init.zeros_(model[2].weight)
    given = program(model, nn.CrossEntropyLoss(), blobs())
    assert causes(check_equal_units, given) == {}
    assert causes(check_input, given) == {}


@pytest.mark.parametrize(("shift", "expected"), [(0.0, {"gradient-not-finite": "fault"}), (1e-6, {})])
def test_gradient_that_is_no_number(shift, expected):
    inputs, targets = line()
    inputs[3] = 0  # its root has no gradient at zero
    model = nn.Linear(4, 1, bias=False)

    def loss_fn(output, target):
        return ((output.square() + shift).sqrt() - target.abs()).square().mean()

    assert causes(check_finite, program(model, loss_fn, (inputs, targets))) == expected


def test_output_that_is_no_number():
    class Log(nn.Linear):
        def forward(self, x):
            return super().forward(x).log()

    assert causes(check_finite, program(Log(4, 1), nn.MSELoss(), line())) == {"outputs-not-finite": "fault"}


@pytest.mark.parametrize(("first", "expected"), [(False, {"batch-taken-for-time": "fault"}), (True, {})])
def test_batch_taken_for_time(first, expected):
    class Reads(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.last = nn.GRU(3, 8, batch_first=first), nn.Linear(8, 1)

        def forward(self, x):
            return self.last(self.rnn(x)[0][:, -1])

    given = program(Reads(), nn.MSELoss(), (torch.randn(64, 5, 3), torch.randn(64, 1)))
    assert causes(check_batch, given) == expected


def test_samples_compared_on_purpose_are_no_leak():
    class Pairs(nn.Linear):
        def forward(self, x):
            return F.normalize(super().forward(x)) @ F.normalize(x).T

    batches = [(torch.randn(16, 6), torch.arange(16)) for _ in range(4)]
    assert causes(check_batch, program(Pairs(6, 6), nn.CrossEntropyLoss(), batches=batches)) == {}


def test_batchnorm_in_eval_mode_is_no_leak():
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    assert causes(check_batch, program(model, nn.CrossEntropyLoss(), blobs())) == {}


@pytest.mark.parametrize(("carried", "expected"), [("in order", {}), ("shuffled", {"state-carried-over": "fault"})])
def test_state_may_be_carried_through_one_long_series(carried, expected):
    class Carries(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.last, self.state = nn.GRU(1, 8, batch_first=True), nn.Linear(8, 1), None

        def forward(self, x):
            out, state = self.rnn(x, self.state)
            self.state = state.detach()
            return self.last(out)

    wave = torch.sin(0.3 * torch.arange(161.0)).view(1, -1, 1).repeat(4, 1, 1)
    batches = [(wave[:, i : i + 20], wave[:, i + 1 : i + 21]) for i in range(0, 160, 20)]
    if carried == "shuffled":
        batches = [batches[place] for place in (3, 0, 5, 1, 7, 2, 6, 4)]
    assert causes(check_determinism, program(Carries(), nn.MSELoss(), batches=batches)) == expected


def test_dropout_is_meant_where_evaluation_averages():
    def evaluate(model, batches):
        model.eval()
        return float(sum(model(x).softmax(1).mean() for x, _ in batches for _ in range(4)))

    x, y = blobs()
    given = program(Two("dropout"), nn.CrossEntropyLoss(), (x, y), valid=[(x, y)], evaluate=evaluate)
    assert causes(check_determinism, given) == {}


@pytest.mark.parametrize(
    ("norm", "size", "expected"),
    [
        (nn.BatchNorm2d(4), 1, {"batchnorm-of-one-sample": "fault"}),
        (nn.BatchNorm2d(4), 16, {}),
        (nn.GroupNorm(2, 4), 1, {}),
    ],
)
def test_batches_of_one_sample(norm, size, expected):
    model = nn.Sequential(nn.Conv2d(1, 4, 3), norm, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    images = torch.randn(64, 1, 6, 6) + 3 * torch.randn(64, 1, 1, 1)
    given = program(model, nn.CrossEntropyLoss(), (images, torch.arange(64) % 2), size=size)
    assert causes(check_batch_of_one, given) == expected


@pytest.mark.parametrize("flag", ["parameter", "module", "right"])
def test_flags_that_freeze(flag):
    model = mlp()
    if flag == "parameter":
        model[0].weight.require_grad = False
    elif flag == "module":
        model[0].requires_grad = False
    else:
        model[0].requires_grad_(False)
    expected = {} if flag == "right" else {"freeze-flag-misspelt": "fault"}
    assert causes(check_freeze_flags, program(model, nn.CrossEntropyLoss(), blobs())) == expected


@pytest.mark.parametrize("case", ["loaded", "prefix", "live", "copy of the start"])
def test_checkpoints(case):
    model, other = mlp(), mlp()
    own = copy.deepcopy(model.state_dict())
    saved = {
        "loaded": {f"model.{name}": value for name, value in own.items()},
        "prefix": {f"model.{name}": value for name, value in other.state_dict().items()},
        "live": model.state_dict(),
        "copy of the start": own,
    }[case]
    expected = {"prefix": {"checkpoint-not-loaded": "fault"}, "live": {"checkpoint-is-reference": "fault"}}
    given = program(model, nn.CrossEntropyLoss(), blobs(), checkpoint=saved)
    assert causes(check_checkpoint, given) == expected.get(case, {})


class Thrown(nn.Module):
    """Computes a second answer and throws it away, or has a layer that it never calls."""

    def __init__(self, *, called):
        super().__init__()
        self.called, self.first, self.second = called, nn.Linear(6, 3), nn.Linear(6, 2)

    def forward(self, x):
        if self.called:
            self.second(x)
        return self.first(x)


@pytest.mark.parametrize(("called", "grade"), [(True, "suspicion"), (False, "note")])
def test_work_that_is_thrown_away(called, grade):
    given = program(Thrown(called=called), nn.CrossEntropyLoss(), blobs())
    assert causes(check_flow, given) == {"part-without-gradient": grade}


@pytest.mark.parametrize(("kind", "expected"), [(nn.Sigmoid, {"gradient-vanishes": "suspicion"}), (nn.ReLU, {})])
def test_gradient_that_vanishes(kind, expected):
    layers = [layer for _ in range(16) for layer in (nn.Linear(10, 10), kind())]
    for layer in layers[::2]:
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    given = program(nn.Sequential(*layers, nn.Linear(10, 1)), nn.MSELoss(), (torch.randn(64, 10), torch.randn(64, 1)))
    assert causes(check_flow, given) == expected


@pytest.mark.parametrize(("factor", "expected"), [(100.0, {"start-loss-high": "suspicion"}), (1.0, {})])
def test_first_loss(factor, expected):
    model = mlp()
    with torch.no_grad():
        model[2].weight.mul_(factor)
    assert causes(check_start_loss, program(model, nn.CrossEntropyLoss(), blobs())) == expected


@pytest.mark.parametrize(("copies", "expected"), [(False, {"layers-share-weights": "suspicion"}), (True, {})])
def test_layers_in_several_places(copies, expected):
    layer = nn.Linear(6, 6)
    layers = [copy.deepcopy(layer) if copies else layer for _ in range(3)]
    model = nn.Sequential(*layers, nn.Linear(6, 3))
    assert causes(check_shared_layers, program(model, nn.CrossEntropyLoss(), blobs())) == expected


def test_another_name_for_a_layer_is_no_second_place():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(6, 3)
            self.steps = nn.Sequential(self.linear, nn.Tanh())

        def forward(self, x):
            return self.steps(x)

    assert causes(check_shared_layers, program(Named(), nn.CrossEntropyLoss(), blobs())) == {}


def test_tied_weights_are_no_shared_layer():
    model = nn.Sequential(nn.Embedding(12, 8), nn.Linear(8, 12))
    model[1].weight = model[0].weight
    given = program(model, nn.CrossEntropyLoss(), (torch.randint(12, (64,)), torch.randint(12, (64,))))
    assert causes(check_shared_layers, given) == {}


@pytest.mark.parametrize(("share", "expected"), [(0.95, {"dropout-too-strong": "suspicion"}), (0.5, {})])
def test_strength_of_dropout(share, expected):
    given = program(nn.Sequential(mlp(), nn.Dropout(share)), nn.CrossEntropyLoss(), blobs())
    assert causes(check_dropout, given) == expected


def test_a_model_that_changes_its_batch():
    class Shifts(nn.Linear):
        def forward(self, x):
            return super().forward(x.sub_(x.mean()))

    given = program(Shifts(6, 3), nn.CrossEntropyLoss(), blobs())
    assert causes(check_in_place, given) == {"changed-in-place": "fault"}


def test_a_batch_that_is_given_in_two_parts_by_the_step():
    class Mixes(nn.Linear):
        def forward(self, x, more):
            return super().forward(x + more - x.mean())

    def step(model, batch):
        (x, others), y = batch
        return F.cross_entropy(model(x, others[0]), y)

    x, y = blobs()
    batches = [((a, [0 * a]), b) for a, b in zip(x.split(16), y.split(16), strict=True)]
    assert causes(check_batch, program(Mixes(6, 3), None, batches=batches, step=step)) == {"batch-mixed": "fault"}
