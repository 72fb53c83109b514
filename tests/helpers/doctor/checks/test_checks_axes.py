"""Axes that are cut anew where they should be moved, and places in the batch that show in an answer."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.doctor.checks.axes import check_axes
from helpers.doctor.checks.places import check_place
from tests.helpers.doctor.small import causes, program


class Of(nn.Module):
    """A model that is one function and a layer behind it."""

    def __init__(self, function, inside):
        super().__init__()
        self.function, self.last = function, nn.Linear(inside, 3)

    def forward(self, x):
        return self.last(self.function(x).flatten(1))


def of(function, *shape, inside):
    x = torch.randn(64, *shape)
    return program(Of(function, inside), F.cross_entropy, (x, torch.randint(0, 3, (64,))))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x.reshape(-1, 3, 6), {"axes-reshaped": "fault"}),  # of the data, whose axes mean something
        (lambda x: x.relu().view(-1, 3, 6), {"axes-reshaped": "suspicion"}),
        (lambda x: x.transpose(1, 2).reshape(-1, 6, 3), {"axes-reshaped": "fault"}),
        (lambda x: x.transpose(1, 2), {}),
        (lambda x: x.reshape(-1, 18), {}),
        (lambda x: x.reshape(-1, 2, 3, 3).transpose(1, 2), {}),
        (lambda x: x.reshape(-1, 1, 6, 3).squeeze(1), {}),
        (lambda x: (0 * x).relu().view(-1, 3, 6), {}),  # no number stands elsewhere
    ],
)
def test_axes_in_another_order(function, expected):
    assert causes(check_axes, of(function, 6, 3, inside=18)) == expected


def test_square_axes_say_nothing():
    assert causes(check_axes, of(lambda x: x.reshape(-1, 4, 4), 4, 4, inside=16)) == {}


def test_sizes_that_meet_by_chance_in_one_batch():
    """A batch of 4 makes (4, 6) of (6, 4) by chance; with three samples it is something else."""
    model = Of(lambda x: x.mean(0, keepdim=True).view(6, -1)[:4].expand(len(x), -1), 1)
    x = torch.randn(4, 6)
    assert causes(check_axes, program(model, F.cross_entropy, (x, torch.randint(0, 3, (4,))))) == {}


@pytest.mark.parametrize("moved", [True, False])
def test_answers_brought_before_the_loss(moved):
    def loss_fn(scores, targets):
        return F.cross_entropy(scores.transpose(1, 2) if moved else scores.view(-1, 3, 5), targets)

    data = torch.randn(64, 5, 4), torch.randint(0, 3, (64, 5))
    expected = {} if moved else {"axes-reshaped": "fault"}
    assert causes(check_axes, program(nn.Linear(4, 3), loss_fn, data)) == expected


@pytest.mark.parametrize("axis", [0, 1])
def test_a_table_added_along_an_axis(axis):
    table = torch.randn(32, 4)

    def function(x):
        rows = table[: x.shape[axis]]
        return x + (rows[None] if axis == 1 else rows[:, None])

    expected = {} if axis == 1 else {"place-in-batch-seen": "fault"}
    assert causes(check_place, of(function, 5, 4, inside=20)) == expected


def test_random_answers_and_pairs_of_samples_have_places():
    assert causes(check_place, of(lambda x: x + torch.randn_like(x), 5, 4, inside=20)) == {}

    def all_pairs(scores, _):
        return F.cross_entropy(scores, torch.arange(len(scores)))

    class Pairs(nn.Linear):
        def forward(self, x):
            return super().forward(x) @ x.T

    assert causes(check_place, program(Pairs(4, 4), all_pairs, (torch.randn(64, 4), torch.zeros(64)))) == {}
