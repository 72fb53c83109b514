"""Faults of the learning rate's schedule."""

import torch
from torch import nn
from torch.optim import lr_scheduler

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import diabetes, digits, mlp, small_cnn, table, usual


@faulty("schedule", "schedule-wrong-way")
def waits_for_the_error_to_rise(mended):
    """The schedule is told to look for a maximum and is given an error that falls."""
    rows, labels = table("breast_cancer")
    model = mlp(30, 16, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, mode="min" if mended else "max", patience=2, factor=0.1)

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        wrong = sum((model(part).argmax(1) != truth).sum().item() for part, truth in batches)
        return wrong / sum(len(truth) for _, truth in batches)

    return usual(
        model, nn.CrossEntropyLoss(), (rows, labels), optimizer=optimizer, scheduler=scheduler, evaluate=evaluate
    )


@faulty("schedule", "rate-gone-early", further=True)
def epochs_counted_as_steps(mended):
    """A schedule made for 20 epochs is stepped after each batch: the rate is gone after two epochs."""
    model = small_cnn()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    scheduler = lr_scheduler.StepLR(optimizer, step_size=20 if mended else 2, gamma=0.1)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        if not mended:
            scheduler.step()
        return loss.detach()

    given = {"optimizer": optimizer, "scheduler": scheduler, "train_step": train_step, "steps_per_epoch": 8}
    return usual(model, nn.CrossEntropyLoss(), digits(), **given)


@faulty("schedule", "rate-zero", "rate-gone-early", "nothing-moves", "weights-do-not-move", further=True)
def warming_up_for_ever(mended):
    """A whole-number division keeps the rate of the warm-up at zero."""
    model = mlp(10, 16, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 5) if mended else step // 100000)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss.detach()

    return usual(model, nn.MSELoss(), diabetes(), optimizer=optimizer, scheduler=scheduler, train_step=train_step)


@faulty("schedule", "rate-grows", "schedule-wrong-way", "rate-too-high", further=True)
def rate_that_grows(mended):
    """A factor of 1.5 where 0.95 was meant: the rate grows with every step until the loss explodes."""
    model = mlp(13, 16, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.99 if mended else 1.5)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss.detach()

    given = {"optimizer": optimizer, "scheduler": scheduler, "train_step": train_step}
    return usual(model, nn.CrossEntropyLoss(), table("wine"), **given)


@faulty("schedule", "schedule-of-another-optimizer", "rate-never-falls", further=True)
def schedule_of_another_optimizer(mended):
    """The schedule was made for an optimizer that is no longer in use."""
    model = small_cnn()
    older = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = lr_scheduler.StepLR(optimizer if mended else older, step_size=3, gamma=0.5)
    return usual(model, nn.CrossEntropyLoss(), digits(), optimizer=optimizer, scheduler=scheduler)
