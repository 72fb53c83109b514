"""The contract of the loss, sequences, and the reader's evaluation: a faulty and a right program for each check."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.doctor.checks.calls import check_loss_calls
from helpers.doctor.checks.evaluation import check_evaluation
from helpers.doctor.checks.losses import check_class_weights, check_direction
from helpers.doctor.checks.padding import check_padding
from helpers.doctor.checks.pairs import check_pairs
from helpers.doctor.checks.ranges import check_growth, check_ranges
from helpers.doctor.checks.sequence import check_steps
from tests.helpers.doctor.small import blobs, causes, line, mlp, program


def binary(count=128):
    inputs = torch.randn(count, 6)
    return inputs, (inputs[:, :1] > 0).float()


def dice(shares, truth):
    return 1 - (2 * (shares * truth).sum() + 1e-5) / (shares.sum() + truth.sum() + 1e-5)


def negative_log(shares, truth):
    return -(truth * shares.log() + (1 - truth) * (1 - shares).log()).mean()


torch.manual_seed(0)
LOSS_FAULTS = {
    # check, model, loss, data, causes
    "softmax twice": (
        check_ranges,
        mlp(6, 3, nn.Softmax(1)),
        nn.CrossEntropyLoss(),
        blobs,
        "softmax-before-cross-entropy",
    ),
    "softmax handed on": (
        check_loss_calls,
        mlp(),
        lambda o, y: F.cross_entropy(o.softmax(1), y),
        blobs,
        "softmax-before-cross-entropy",
    ),
    "sigmoid twice": (
        check_ranges,
        mlp(6, 1, nn.Sigmoid()),
        nn.BCEWithLogitsLoss(),
        binary,
        "sigmoid-before-logits-loss",
    ),
    "sigmoid handed on": (
        check_loss_calls,
        mlp(6, 1),
        lambda o, y: F.binary_cross_entropy_with_logits(o.sigmoid(), y),
        binary,
        "sigmoid-before-logits-loss",
    ),
    "relu on a regression": (check_ranges, mlp(4, 1, nn.Sigmoid()), nn.MSELoss(), line, "output-cannot-reach-target"),
    "nll of scores": (check_ranges, mlp(), nn.NLLLoss(), blobs, "nll-without-log-softmax"),
    "nll handed on": (check_loss_calls, mlp(), nn.NLLLoss(), blobs, "nll-without-log-softmax"),
    "wrong sign": (check_direction, mlp(), lambda o, y: -F.cross_entropy(o, y), blobs, "loss-grows-towards-truth"),
    "log of scores": (check_direction, mlp(6, 1), negative_log, binary, "loss-needs-probabilities"),
    "dice of scores": (check_direction, mlp(6, 1), dice, binary, "loss-needs-probabilities"),
    "all against all": (
        check_pairs,
        mlp(4, 1),
        lambda o, y: (o - y.squeeze(1)).square().mean(),
        line,
        "loss-broadcasts",
    ),
    "one against several": (
        check_pairs,
        mlp(4, 1),
        lambda o, y: (o - torch.cat([y, 2 * y], 1)).square().mean() if y.shape[1] == 1 else (o - y).square().mean(),
        lambda: (line()[0], torch.randn(128, 3)),
        "loss-broadcasts",
    ),
    "reshaped": (
        check_pairs,
        mlp(4, 2),
        lambda o, y: F.mse_loss(o, y.T.contiguous().view(-1, 2)),
        lambda: (line()[0], torch.randn(128, 2)),
        "loss-broadcasts",
    ),
    "absurd weights": (
        check_class_weights,
        mlp(),
        nn.CrossEntropyLoss(weight=torch.tensor([1.0, 1e8, 1.0])),
        blobs,
        "class-weights-absurd",
    ),
    "squared reward": (
        check_growth,
        mlp(4, 1),
        lambda o, y: (o - y).abs().mean() - 0.1 * o.square().mean(),
        line,
        "loss-unbounded",
    ),
}


def test_one_answer_against_several_numbers_is_mended_by_their_sum():
    """As with the log-probabilities of an action of several numbers."""
    given = program(mlp(6, 1), lambda o, y: (o - y).square().mean(), (torch.randn(128, 6), torch.randn(128, 6)))
    (finding,) = check_pairs(given)
    assert "target.sum(1, keepdim=True)" in finding.mend
    assert "let the last layer give 6" in finding.mend


@pytest.mark.parametrize("case", LOSS_FAULTS)
def test_fault_of_a_loss(case):
    check, model, loss_fn, data, cause = LOSS_FAULTS[case]
    assert cause in causes(check, program(model, loss_fn, data()))


RIGHT_LOSSES = {
    "classes": (mlp(), nn.CrossEntropyLoss(), blobs),
    "smoothed": (mlp(), nn.CrossEntropyLoss(label_smoothing=0.1), blobs),
    "weighted": (mlp(), nn.CrossEntropyLoss(weight=torch.tensor([1.0, 20.0, 3.0])), blobs),
    "logarithms": (mlp(6, 3, nn.LogSoftmax(1)), nn.NLLLoss(), blobs),
    "one score": (mlp(6, 1), nn.BCEWithLogitsLoss(), binary),
    "heavy positives": (mlp(6, 1), nn.BCEWithLogitsLoss(pos_weight=torch.tensor([30.0])), binary),
    "one share": (mlp(6, 1, nn.Sigmoid()), nn.BCELoss(), binary),
    "share and square": (mlp(6, 1, nn.Sigmoid()), nn.MSELoss(), binary),
    "least squares of labels": (mlp(6, 1), nn.MSELoss(), binary),
    "dice of shares": (mlp(6, 1), lambda o, y: F.binary_cross_entropy_with_logits(o, y) + dice(o.sigmoid(), y), binary),
    "regression": (mlp(4, 1), nn.MSELoss(), line),
    "summed": (mlp(4, 1), nn.MSELoss(reduction="sum"), line),
    "robust": (mlp(4, 1), nn.SmoothL1Loss(), line),
    "counts": (mlp(4, 1, nn.Softplus()), nn.MSELoss(), lambda: (line()[0], F.softplus(line()[1]))),
    "counts by their logarithm": (mlp(4, 1), nn.PoissonNLLLoss(), lambda: (line()[0], line()[1].exp().floor())),
    "quantiles": (
        mlp(4, 3),
        lambda o, y: torch.maximum((y - o) * 0.2, (o - y) * 0.8).mean(),  # (B, 1) against (B, 3), on purpose
        line,
    ),
}
LOSS_CHECKS = [check_ranges, check_loss_calls, check_direction, check_pairs, check_class_weights, check_growth]


@pytest.mark.parametrize("check", LOSS_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("case", RIGHT_LOSSES)
def test_right_loss(case, check):
    model, loss_fn, data = RIGHT_LOSSES[case]
    assert causes(check, program(model, loss_fn, data())) == {}


class Decoder(nn.Module):
    """Attends to other steps: those before, those after, or all."""

    def __init__(self, sees="before", pad=None):
        super().__init__()
        self.sees, self.pad = sees, pad
        self.embed, self.place = nn.Embedding(12, 16), nn.Parameter(0.1 * torch.randn(12, 16))
        self.mix, self.last = nn.Linear(16, 48), nn.Linear(16, 12)

    def forward(self, tokens):
        steps = tokens.shape[1]
        x = self.embed(tokens) + self.place[:steps]
        query, key, value = self.mix(x).chunk(3, -1)
        before = torch.ones(steps, steps).tril().bool()
        may = {"before": before, "after": before.T, "all": torch.ones_like(before)}[self.sees]
        if self.pad is not None:
            may = may & (tokens != self.pad)[:, None, :]
        return self.last(x + F.scaled_dot_product_attention(query, key, value, attn_mask=may))


def of_each_step(output, targets):
    return F.cross_entropy(output.flatten(0, 1), targets.flatten(), ignore_index=-100)


STEP_FAULTS = {
    "next token": ("before", 1, {}),
    "future": ("all", 1, {"future-leaks": "fault"}),
    "mask inverted": ("after", 1, {"mask-inverted": "fault"}),
    "not shifted": ("before", 0, {"targets-not-shifted": "fault"}),
    "shifted twice": ("before", 2, {"targets-shifted-twice": "fault"}),
    "rebuilt by one that sees all": ("all", 0, {}),
}


@pytest.mark.parametrize("case", STEP_FAULTS)
def test_targets_of_sequences(case):
    sees, shift, expected = STEP_FAULTS[case]
    tokens = torch.randint(12, (32, 10))
    given = program(Decoder(sees), of_each_step, (tokens[:, :8], tokens[:, shift : shift + 8]))
    assert causes(check_steps, given) == expected


def test_tags_may_depend_on_what_comes_after():
    tokens = torch.randint(12, (32, 8))
    given = program(Decoder("all"), of_each_step, (tokens, (tokens + tokens.roll(-1, 1)) % 12))
    assert causes(check_steps, given) == {}


@pytest.mark.parametrize(("trained", "expected"), [(False, {"end-token-never-trained": "suspicion"}), (True, {})])
def test_end_token(trained, expected):
    texts = torch.cat([torch.randint(1, 12, (32, 6)), torch.zeros(32, 4, dtype=torch.long)], 1)
    inputs, targets = texts[:, :-1], texts[:, 1:].clone()
    targets[:, 6 if trained else 5 :] = -100
    assert causes(check_steps, program(Decoder(), of_each_step, (inputs, targets))) == expected


@pytest.mark.parametrize(("left_out", "expected"), [(False, {"padding-in-loss": "suspicion"}), (True, {})])
def test_padding_in_the_loss(left_out, expected):
    texts = torch.cat([torch.randint(1, 12, (32, 5)), torch.zeros(32, 7, dtype=torch.long)], 1)
    inputs, targets = texts[:, :-1], texts[:, 1:].clone()
    if left_out:
        targets[:, 5:] = -100
    assert causes(check_steps, program(Decoder(), of_each_step, (inputs, targets))) == expected


@pytest.mark.parametrize(("pad", "expected"), [(None, {"padding-seen": "fault"}), (0, {})])
def test_padding(pad, expected):
    class Classifier(Decoder):
        def forward(self, tokens):
            return super().forward(tokens)[:, 0, :2]

    tokens = torch.randint(1, 12, (48, 9))
    tokens[torch.arange(9) >= torch.randint(3, 10, (48, 1))] = 0
    given = program(Classifier("all", pad), nn.CrossEntropyLoss(), (tokens, torch.arange(48) % 2), size=48)
    assert causes(check_padding, given) == expected


def of_accuracy(pick, *, mean_of_means=False, mode="eval"):
    @torch.no_grad()
    def evaluate(model, batches):
        model.train(mode == "train")
        shares = [(pick(model(x)) == y).float() for x, y in batches]
        return float(
            torch.stack([part.mean() for part in shares]).mean() if mean_of_means else torch.cat(shares).mean()
        )

    return evaluate


EVALUATIONS = {
    "right": (of_accuracy(lambda o: o.argmax(1)), {}),
    "flat": (of_accuracy(lambda o: o.argmax()), {"evaluation-takes-wrong-axis": "fault"}),
    "softmax": (of_accuracy(lambda o: o.softmax(0).argmax(1)), {"evaluation-takes-wrong-axis": "fault"}),
    "softmax of classes": (of_accuracy(lambda o: o.softmax(1).argmax(1)), {}),
    "means": (of_accuracy(lambda o: o.argmax(1), mean_of_means=True), {"evaluation-averages-batches": "fault"}),
    "mode": (of_accuracy(lambda o: o.argmax(1), mode="train"), {"evaluation-in-train-mode": "suspicion"}),
}


@pytest.mark.parametrize("case", EVALUATIONS)
def test_evaluation(case):
    evaluate, expected = EVALUATIONS[case]
    x, y = blobs(200, spread=3.0)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.5 if case == "mode" else 0.0), nn.Linear(16, 3))
    valid = [(x[:50], y[:50]), (x[50:90], y[50:90]), (x[90:101], y[90:101])]
    given = program(model, nn.CrossEntropyLoss(), (x, y), valid=valid, evaluate=evaluate)
    assert causes(check_evaluation, given) == expected


@pytest.mark.parametrize(("border", "expected"), [(0.5, {"evaluation-threshold": "fault"}), (0.0, {})])
def test_border_of_scores(border, expected):
    def evaluate(model, batches):
        return sum(float(((model(x) > border) == (y > 0.5)).float().sum()) for x, y in batches) / 128

    x, y = binary()
    valid = [(x[:64], y[:64]), (x[64:], y[64:])]
    given = program(mlp(6, 1), nn.BCEWithLogitsLoss(), (x, y), valid=valid, evaluate=evaluate, rate=1e-3)
    assert causes(check_evaluation, given) == expected
