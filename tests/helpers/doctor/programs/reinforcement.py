"""Faults of learning from rewards."""

import copy

import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss, smooth_l1_loss

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import digits, in_batches, mlp, usual


def walks(count: int = 256) -> tuple[tuple, ...]:
    """Steps of random walks on five places, left or right, with a reward at the right end: (state, action, next)..."""
    places, actions = torch.randint(5, (count,)), torch.randint(2, (count,))
    after = (places + 2 * actions - 1).clamp(0, 4)
    states = torch.eye(5)
    done = (after == 4).float().unsqueeze(1)
    return states[places], actions.unsqueeze(1), states[after], done.clone(), done


def replay(size: int = 32) -> list:
    """Batches of ((states, actions), (next states, rewards, ends))."""
    parts = zip(*(part.split(size) for part in walks()), strict=True)
    return [((state, action), (after, reward, done)) for state, action, after, reward, done in parts]


def double_q(model, target, batch, *, still: bool = True):
    """Smooth error of the values of what was done."""
    (states, actions), (after, rewards, done) = batch
    with torch.set_grad_enabled(not still):
        best = model(after).argmax(1, keepdim=True)
        wanted = rewards + 0.9 * (1 - done) * target(after).gather(1, best)
    return smooth_l1_loss(model(states).gather(1, actions), wanted)


def learner(model, target, **others):
    """A program that learns values from replayed steps."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    given = {"model": model, "loss_fn": None, "batches": replay(), "optimizer": optimizer, "target": target}
    return given | others


@faulty("reinforcement", "target-is-the-same-object")
def target_that_is_no_copy(mended):
    """``target = model`` is another name, not another network."""
    model = mlp(5, 24, 2)
    target = copy.deepcopy(model) if mended else model
    steps = []

    def train_step(model, batch, optimizer):
        loss = double_q(model, target, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps.append(float(loss))
        if len(steps) % 10 == 0:
            target.load_state_dict(model.state_dict())
        return loss.detach()

    return learner(model, target, train_step=train_step)


@faulty("reinforcement", "target-never-updated")
def average_of_itself(mended):
    """The slow copy is averaged with its own weights in place of the network's."""
    model = mlp(5, 24, 2)
    target = copy.deepcopy(model).requires_grad_(False)

    def train_step(model, batch, optimizer):
        loss = double_q(model, target, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            pairs = zip(target.parameters(), (model if mended else target).parameters(), strict=True)
            for slow, fast in pairs:
                slow.mul_(0.9).add_(0.1 * fast)
        return loss.detach()

    return learner(model, target, train_step=train_step)


@faulty("reinforcement", "target-never-updated", further=True)
def teacher_left_at_its_start(mended):
    """The mean teacher of a half-labeled training is never updated, and teaches its random start."""
    model = mlp(64, 24, 10)
    teacher = copy.deepcopy(model).requires_grad_(False)

    def train_step(model, batch, optimizer):
        images = batch[0].flatten(1)
        with torch.no_grad():
            wanted = teacher(images).softmax(1)
        scores = model(images + 0.3 * torch.randn_like(images))
        loss = cross_entropy(scores[:16], batch[1][:16]) + mse_loss(scores.softmax(1), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if mended:
            for slow, fast in zip(teacher.parameters(), model.parameters(), strict=True):
                slow.data.lerp_(fast.data, 0.05)
        return loss.detach()

    return usual(model, None, digits(), train_step=train_step, target=teacher, valid=None)


@faulty("reinforcement", "gradient-through-target", further=True)
def loss_lowered_by_the_aim(mended):
    """The wanted value is computed with its gradient, so the step moves it to the guess."""
    model = mlp(5, 24, 2)

    def step(model, batch):
        (states, actions), (after, rewards, done) = batch
        best = model(after).max(1, keepdim=True).values
        wanted = rewards + 0.9 * (1 - done) * (best.detach() if mended else best)
        return mse_loss(model(states).gather(1, actions), wanted)

    return learner(model, None, step=step)


class Dueling(nn.Module):
    """Values of a state and advantages of its actions."""

    def __init__(self, *, by_row: bool) -> None:
        super().__init__()
        self.by_row, self.body = by_row, nn.Linear(5, 24)
        self.value, self.advantage = nn.Linear(24, 1), nn.Linear(24, 2)

    def forward(self, states):
        hidden = torch.tanh(self.body(states))
        advantages = self.advantage(hidden)
        best = advantages.amax(1, keepdim=True) if self.by_row else advantages.amax()
        return self.value(hidden) + advantages - best


@faulty("reinforcement", "batch-mixed")
def advantage_over_the_best_of_all(mended):
    """The largest advantage is taken over the whole batch, not over the actions of a state."""
    model = Dueling(by_row=mended)
    target = copy.deepcopy(model).requires_grad_(False)
    steps = []

    def train_step(model, batch, optimizer):
        loss = double_q(model, target, batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps.append(float(loss))
        if len(steps) % 5 == 0:
            target.load_state_dict(model.state_dict())
        return loss.detach()

    return learner(model, target, train_step=train_step)


@faulty("reinforcement", "gradient-through-baseline", "gradient-through-target", further=True)
def actor_pays_for_the_critic(mended):
    """The advantage in the actor's loss is not detached: the critic is trained to flatter."""
    model = nn.ModuleDict({"actor": mlp(5, 16, 2), "critic": mlp(5, 16, 1)})
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    def step(model, batch):
        states, wanted = batch
        log_shares = model["actor"](states).log_softmax(1)
        actions = torch.multinomial(log_shares.detach().exp(), 1)
        advantage = (actions == wanted).float() - model["critic"](states)
        weight = advantage.detach() if mended else advantage
        return -(log_shares.gather(1, actions) * weight).mean() + 0.5 * advantage.square().mean()

    places = torch.randint(5, (256,))
    batches = in_batches(torch.eye(5)[places], (places.unsqueeze(1) > 2).long())
    return {"model": model, "loss_fn": None, "batches": batches, "optimizer": optimizer, "step": step}
