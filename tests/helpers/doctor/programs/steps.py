"""Faults of the training step: what is cleared, added up, clipped and moved, and when."""

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import diabetes, digits, mlp, small_cnn, table, usual


@faulty("step", "zero-grad-missing")
def nothing_is_cleared(mended):
    """The gradients of all batches so far pile up."""

    def train_step(model, batch, optimizer):
        images, labels = batch
        loss = cross_entropy(model(images), labels)
        if mended:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return usual(small_cnn(), cross_entropy, digits(), rate=2e-3, train_step=train_step)


@faulty("step", "zero-grad-missing", further=True)
def cleared_at_the_start_of_an_epoch(mended):
    """The gradients are cleared once in eight steps, and the loop has no accumulation in mind."""
    model = mlp(10, 16, 1)
    steps = []

    def train_step(model, batch, optimizer):
        if mended or len(steps) % 8 == 0:
            optimizer.zero_grad()
        loss = mse_loss(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        steps.append(float(loss))
        return loss.detach()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.15)
    return usual(model, mse_loss, diabetes(), optimizer=optimizer, train_step=train_step)


@faulty("step", "zero-grad-before-step", "gradient-differs", further=True)
def cleared_between_backward_and_step(mended):
    """zero_grad stands after backward: the step finds no gradient."""

    def train_step(model, batch, optimizer):
        loss = cross_entropy(model(batch[0]), batch[1])
        if mended:
            optimizer.zero_grad()
        loss.backward()
        if not mended:
            optimizer.zero_grad()
        optimizer.step()
        return loss.detach()

    return usual(mlp(13, 16, 3), cross_entropy, table("wine"), train_step=train_step)


@faulty("step", "zero-grad-in-every-microbatch")
def only_the_last_part_counts(mended):
    """A large batch is taken in parts, and each part clears what the one before it left."""
    model = small_cnn()

    def train_step(model, batch, optimizer):
        images, labels = batch
        total = 0.0
        optimizer.zero_grad()
        for part, truth in zip(images.split(16), labels.split(16), strict=True):
            if not mended:
                model.zero_grad()
            loss = cross_entropy(model(part), truth) * len(part) / len(images)
            loss.backward()
            total += loss.detach()
        optimizer.step()
        return total

    return usual(model, cross_entropy, digits(), size=64, train_step=train_step, accumulate=4)


@faulty("step", "gradient-not-averaged", further=True)
def parts_added_and_not_averaged(mended):
    """The gradients of eight parts are added and not divided: the step is eight times too long."""
    model = mlp(10, 16, 1)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        losses = []
        for part, truth in zip(batch[0].chunk(8), batch[1].chunk(8), strict=True):
            loss = mse_loss(model(part), truth)
            (loss / 8 if mended else loss).backward()
            losses.append(loss.detach())
        optimizer.step()
        return torch.stack(losses).mean()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return usual(model, mse_loss, diabetes(), optimizer=optimizer, train_step=train_step, accumulate=8)


@faulty("step", "clipped-before-unscaling")
def values_clipped_while_scaled(mended):
    """Each value of the gradients is clipped at 0.5 while it is still multiplied by the scale."""
    model = mlp(10, 16, 1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = mse_loss(model(batch[0]), batch[1])
        scaler.scale(loss).backward()
        if mended:
            scaler.unscale_(optimizer)
        clip_grad_value_(model.parameters(), 0.5)
        scaler.step(optimizer)
        scaler.update()
        return loss.detach()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return usual(model, mse_loss, diabetes(), optimizer=optimizer, train_step=train_step)


@faulty("step", "clipped-before-unscaling", "clipping-too-strong", further=True)
def scaled_by_hand_and_clipped(mended):
    """The loss is multiplied by 4096 by hand, and the gradients are clipped before they are divided."""
    model = mlp(13, 16, 3)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        (4096 * loss).backward()
        if not mended:
            clip_grad_norm_(model.parameters(), 1.0)
        for parameter in model.parameters():
            parameter.grad /= 4096
        if mended:
            clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    return usual(model, cross_entropy, table("wine"), optimizer=optimizer, train_step=train_step)


@faulty("step", "clipping-too-strong", further=True)
def clipped_to_a_ten_thousandth(mended):
    """A bound of 0.0001 for the gradient's norm, with plain SGD: no step is longer than a millionth."""
    model = small_cnn()

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0 if mended else 1e-4)
        optimizer.step()
        return loss.detach()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return usual(model, cross_entropy, digits(), optimizer=optimizer, train_step=train_step)


@faulty("step", "clipping-after-step", further=True)
def clipped_when_it_is_too_late(mended):
    """The gradients are clipped after the step has used them."""
    rows, course = diabetes()
    model = mlp(10, 16, 1)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = mse_loss(model(batch[0]), batch[1])
        loss.backward()
        if mended:
            clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        if not mended:
            clip_grad_norm_(model.parameters(), 0.5)
        return loss.detach()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    return usual(model, mse_loss, (rows, 5 * course), optimizer=optimizer, train_step=train_step)


@faulty("step", "step-never-called", "nothing-moves", further=True)
def the_wrong_thing_is_stepped(mended):
    """Where optimizer.step() is meant, the schedule is stepped."""
    model = mlp(4, 16, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 200)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        if mended:
            optimizer.step()
        scheduler.step()
        return loss.detach()

    return usual(model, cross_entropy, table("iris"), optimizer=optimizer, train_step=train_step, scheduler=scheduler)


def ring(count: int = 512) -> torch.Tensor:
    """Points around a ring."""
    angles = 6.2832 * torch.rand(count)
    return torch.stack([angles.cos(), angles.sin()], 1) * (2 + 0.1 * torch.randn(count, 1))


@faulty("adversarial", "other-network-leftovers")
def generator_steps_along_the_critic(mended):
    """The generator's gradients are cleared before the critic's loss is made, which leaves its own in them."""
    model = nn.ModuleDict({"maker": mlp(4, 24, 2), "critic": mlp(2, 24, 1)})
    optimizers = {name: torch.optim.Adam(part.parameters(), lr=2e-3) for name, part in model.items()}

    def train_step(model, batch, optimizers):
        points = batch[0]
        optimizers["maker"].zero_grad()
        optimizers["critic"].zero_grad()
        made = model["maker"](torch.randn(len(points), 4))
        true, false = model["critic"](points), model["critic"](made.detach() if mended else made)
        loss = binary_cross_entropy_with_logits(true, torch.ones_like(true))
        loss = loss + binary_cross_entropy_with_logits(false, torch.zeros_like(false))
        loss.backward(retain_graph=True)
        optimizers["critic"].step()
        again = model["critic"](made)
        binary_cross_entropy_with_logits(again, torch.ones_like(again)).backward()
        optimizers["maker"].step()
        return loss.detach()

    batches = [(points, points) for points in ring().split(64)]
    return {"model": model, "loss_fn": None, "batches": batches, "optimizer": optimizers, "train_step": train_step}


@faulty("adversarial", "other-network-leftovers", "zero-grad-missing")
def critic_never_cleared(mended):
    """The critic of a Wasserstein pair keeps what the maker's loss left in its gradients."""
    model = nn.ModuleDict({"maker": nn.Linear(3, 2), "critic": mlp(2, 16, 1)})
    optimizers = {name: torch.optim.RMSprop(part.parameters(), lr=1e-3) for name, part in model.items()}

    def train_step(model, batch, optimizers):
        points = batch[0]
        with torch.no_grad():
            made = model["maker"](torch.randn(len(points), 3))
        if mended:
            optimizers["critic"].zero_grad()
        loss = model["critic"](made).mean() - model["critic"](points).mean()
        loss.backward()
        optimizers["critic"].step()
        optimizers["maker"].zero_grad()
        cost = -model["critic"](model["maker"](torch.randn(len(points), 3))).mean()
        cost.backward()
        optimizers["maker"].step()
        return loss.detach()

    batches = [(points, points) for points in ring().split(64)]
    return {"model": model, "loss_fn": None, "batches": batches, "optimizer": optimizers, "train_step": train_step}
