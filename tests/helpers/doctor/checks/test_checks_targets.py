"""Targets that are no shares, or far away; words taken for padding; weights of classes and terms."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.doctor.checks.labels import check_label_information
from helpers.doctor.checks.losses import check_class_weights
from helpers.doctor.checks.settings import check_settings
from helpers.doctor.checks.target_scale import check_target_scale
from helpers.doctor.checks.target_values import check_target_values
from helpers.doctor.checks.words import check_padding_word
from tests.helpers.doctor.small import causes, line, mlp, program


@pytest.mark.parametrize(("high", "expected"), [(255.0, {"targets-out-of-range": "fault"}), (1.0, {}), (0.9, {})])
def test_masks_beyond_one(high, expected):
    x = torch.randn(64, 6)
    masks = high * (x[:, :3] > 0).float()
    assert causes(check_target_values, program(mlp(), nn.BCEWithLogitsLoss(), (x, masks))) == expected


@pytest.mark.parametrize("times", [1.0, 3.0])
def test_shares_of_classes_beyond_one(times):
    x = torch.randn(64, 6)
    shares = times * x[:, :3].softmax(1)
    expected = {"targets-out-of-range": "suspicion"} if times > 1 else {}
    assert causes(check_target_values, program(mlp(), nn.CrossEntropyLoss(), (x, shares))) == expected


@pytest.mark.parametrize(
    ("offset", "spread", "expected"),
    [(2e5, 6e4, {"targets-badly-scaled": "fault"}), (0.0, 1.0, {}), (2.0, 5.0, {}), (-3.0, 0.01, {})],
)
def test_targets_far_away(offset, spread, expected):
    x, y = line()
    given = program(mlp(4, 1), nn.MSELoss(), (x, offset + spread * y), rate=1e-3)
    assert causes(check_target_scale, given) == expected


def test_large_targets_that_a_step_of_sgd_reaches():
    x, y = line()
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    given = program(model, nn.MSELoss(), (x, 30 + 20 * y), optimizer=optimizer)
    assert causes(check_target_scale, given) == {}


class Words(nn.Module):
    def __init__(self, padding):
        super().__init__()
        self.embedding, self.head = nn.Embedding(9, 8, padding_idx=padding), nn.Linear(8, 2)

    def forward(self, tokens):
        return self.head(self.embedding(tokens).mean(1))


def padded(tokens, side):
    for row, length in zip(tokens, torch.randint(3, 7, (len(tokens),)).tolist(), strict=True):
        row[slice(length, None) if side == "right" else slice(0, len(row) - length)] = 0
    return tokens


@pytest.mark.parametrize(
    ("padding", "side", "expected"),
    [
        (0, "none", {"token-never-trained": "suspicion"}),
        (None, "none", {}),
        (0, "right", {}),
        (0, "left", {}),
    ],
)
def test_a_word_in_the_place_of_padding(padding, side, expected):
    tokens = torch.randint(0 if side == "none" else 1, 9, (96, 8))
    tokens = padded(tokens, side) if side != "none" else tokens
    given = program(Words(padding), F.cross_entropy, (tokens, tokens[:, 0] % 2))
    assert causes(check_padding_word, given) == expected


@pytest.mark.parametrize(
    ("weight", "expected"),
    [(1 / 9, {"class-weights-inverted": "fault"}), (9.0, {}), (1.0, {}), (1 / 3, {})],  # a focal loss takes a third
)
def test_a_weight_of_the_rare_class(weight, expected):
    x, labels = torch.randn(160, 6), (torch.arange(160) % 10 == 0).float().unsqueeze(1)
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([weight]))
    assert causes(check_class_weights, program(mlp(6, 1), loss_fn, (x, labels))) == expected


@pytest.mark.parametrize(("power", "expected"), [(1, {"class-weights-inverted": "suspicion"}), (-1, {}), (0, {})])
def test_weights_by_frequency(power, expected):
    labels = torch.arange(160) % 8 % 3  # three, three and two of eight
    labels[labels == 2] = torch.where(torch.arange(int((labels == 2).sum())) % 2 == 0, 2, 0)
    weight = torch.bincount(labels).float() ** power
    given = program(mlp(), nn.CrossEntropyLoss(weight=weight), (torch.randn(160, 6), labels))
    assert causes(check_class_weights, given) == expected


class Weighted(nn.Module):
    def __init__(self, beta=4, **others):
        super().__init__()
        self.layer, self.beta = nn.Linear(4, 4), beta
        vars(self).update(others)

    def forward(self, x):
        return self.layer(x)


def rebuild(weigh):
    def step(model, batch):
        out = model(batch[0])
        return (out - batch[0]).square().mean() + weigh(model) * out.square().mean()

    return step


@pytest.mark.parametrize(
    ("weigh", "expected"),
    [(lambda _: 1.0, {"setting-without-effect": "suspicion"}), (lambda model: model.beta, {})],
)
def test_a_weight_that_is_kept(weigh, expected):
    data = torch.randn(64, 4), torch.zeros(64)
    assert causes(check_settings, program(Weighted(), step=rebuild(weigh), data=data)) == expected
    unread = Weighted(1.0, weight_decay=0.1, hidden=32, alpha=0.5)  # the last one may be of its width
    assert causes(check_settings, program(unread, step=rebuild(lambda _: 1.0), data=data)) == {}


@pytest.mark.parametrize("used", [True, False])
def test_a_weight_that_a_step_closes_over(used):
    kl_weight = 0.01

    def step(model, batch):
        out = model(batch[0])
        return out.square().mean() * (kl_weight if used else 1.0 + 0 * bool(kl_weight))

    given = program(nn.Linear(4, 4), step=step, data=(torch.randn(64, 4), torch.zeros(64)))
    assert causes(check_settings, given) == ({} if used else {"setting-without-effect": "suspicion"})
    assert step.__closure__[0].cell_contents in (0.01, True, False)


def test_a_weight_that_grows_with_the_steps():
    taken = []

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        out = model(batch[0])
        loss = (out - batch[0]).square().mean() + model.beta * min(len(taken), 10) / 10 * out.square().mean()
        loss.backward()
        optimizer.step()
        taken.append(1)
        return loss

    given = program(Weighted(), train_step=train_step, data=(torch.randn(64, 4), torch.zeros(64)))
    assert causes(check_settings, given) == {}


@pytest.mark.parametrize(("share", "expected"), [(0.02, {}), (1.0, {"label-without-information": "suspicion"})])
def test_labels_beside_a_teacher(share, expected):
    teacher = nn.Linear(6, 3).requires_grad_(False)

    def step(model, batch):
        student, wanted = model(batch[0]), (3 * teacher(batch[0])).softmax(1)
        return share * F.cross_entropy(student, batch[1]) + (1 - share) * F.cross_entropy(student, wanted)

    data = torch.randn(192, 6), torch.randint(0, 3, (192,))
    assert causes(check_label_information, program(nn.Linear(6, 3), step=step, data=data)) == expected
