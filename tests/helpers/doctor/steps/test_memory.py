"""What a step keeps, loses and leaves unread: optimizers made anew, graphs of earlier losses, parts of a batch."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers import doctor
from helpers.doctor import steps
from helpers.doctor.examine import report_on
from helpers.doctor.probing.program import Program


def data(count=96, size=16):
    x = torch.randn(count, 4)
    return list(zip(x.split(size), (x @ torch.ones(4, 1)).split(size), strict=True))


def found(train_step=None, batches=None, **more):
    """Run the checks of steps on a linear model with Adam, and return (cause, grade) of what they find."""
    model = nn.Linear(4, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    given = Program(model, more.pop("loss_fn", None), batches or data(), optimizer, train_step=train_step, **more)
    return [(finding.cause, finding.grade) for finding in report_on(given, steps.CHECKS)]


def stepping(make):
    def train_step(model, batch, optimizer):
        optimizer = make(model, optimizer)
        optimizer.zero_grad()
        loss = F.mse_loss(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.detach()

    return train_step


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda model, _: torch.optim.Adam(model.parameters(), lr=0.01), [("optimizer-made-anew", "fault")]),
        (
            lambda model, _: torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9),
            [("optimizer-made-anew", "fault")],
        ),
        (lambda model, _: torch.optim.SGD(model.parameters(), lr=0.01), []),  # it has nothing to lose
        (lambda _, optimizer: optimizer, []),
    ],
)
def test_an_optimizer_made_in_each_step(make, expected):
    assert found(stepping(make)) == expected


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (lambda held, loss: held.append(loss), [("graph-kept", "suspicion")]),
        (lambda held, loss: held.append(held.pop() + loss if held else loss), [("graph-kept", "suspicion")]),
        (lambda held, loss: held.append(loss.detach()), []),
        (lambda held, loss: held.append(loss.item()), []),
        (lambda held, loss: held.__setitem__(slice(None), [loss]), []),  # the last one alone
    ],
)
@pytest.mark.parametrize("divide", [1, 4])
def test_losses_with_their_graphs(keep, expected, divide):
    held = []

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = F.mse_loss(model(batch[0]), batch[1])
        (loss / divide).backward()
        optimizer.step()
        keep(held, loss)
        return loss.detach()

    assert found(train_step) == expected


def test_a_history_of_losses_is_seen_by_watching():
    def losses(number):
        model = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        history = []
        with doctor.watch(model, optimizer) as seen:
            for x, y in 4 * data():
                optimizer.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
                optimizer.step()
                history.append(number(loss))
        return [finding.cause for finding in seen]

    assert losses(lambda loss: loss) == ["graph-kept"]
    assert losses(torch.Tensor.item) == []


@pytest.mark.parametrize(("shuffle", "again"), [(False, True), (True, True), (False, False)])
def test_a_loop_that_begins_the_loader_for_each_step(shuffle, again):
    x = torch.randn(64, 4)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x.sum(1, keepdim=True)), 8, shuffle=shuffle)
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with doctor.watch(model, optimizer) as seen:
        walk = (next(iter(loader)) for _ in range(24)) if again else (batch for _ in range(3) for batch in loader)
        for inputs, targets in walk:
            optimizer.zero_grad()
            F.mse_loss(model(inputs), targets).backward()
            optimizer.step()
    expected = [("samples-repeat", "fault")] if again and not shuffle else []
    assert [(finding.cause, finding.grade) for finding in seen] == expected


def of_episodes(use):
    """Returns of states, with the end of each episode as ones."""

    def train_step(model, batch, optimizer):
        states, rewards, later, done = batch
        with torch.no_grad():
            wanted = rewards + 0.9 * model(later)[:, 0] * (1 - use * done)
        loss = F.mse_loss(model(states)[:, 0], wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    states, done = torch.randn(96, 4), (torch.rand(96) < 0.3).float()
    parts = (states, states[:, 0], states + 0.1, done)
    return found(train_step, list(zip(*(part.split(16) for part in parts), strict=True)))


def test_an_end_of_episodes_that_nobody_reads():
    assert of_episodes(use=0) == [("batch-part-unused", "suspicion")]
    assert of_episodes(use=1) == []


def test_flags_of_tasks_that_take_turns():
    turns = []

    def train_step(model, batch, optimizer):
        turns.append(1)
        wanted = batch[1 + len(turns) % 2].unsqueeze(1)
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(batch[0]), wanted)
        loss.backward()
        optimizer.step()
        return loss.detach()

    x = torch.randn(96, 4)
    parts = (x, (x[:, 0] > 0).float(), (x[:, 1] > 0).float())
    assert found(train_step, list(zip(*(part.split(16) for part in parts), strict=True))) == []
