"""What examine sees of a program's steps: each judgment on a minimal faulty program, and on the same one done right."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.doctor import steps
from helpers.doctor.examine import report_on
from helpers.doctor.probing.program import Program


def data(count=96, features=4, size=16):
    x = torch.randn(count, features)
    y = x @ torch.arange(1.0, features + 1).unsqueeze(1)
    return list(zip(x.split(size), y.split(size), strict=True))


def classes(count=96, size=16):
    x = torch.randn(count, 4)
    return list(zip(x.split(size), x[:, :3].argmax(1).split(size), strict=True))


def examined(model=None, loss_fn=None, batches=None, optimizer=None, **more):
    """Run the checks of steps, and return (cause, grade) of what they find."""
    model = nn.Linear(4, 1) if model is None else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01) if optimizer is None else optimizer
    loss_fn = nn.MSELoss() if loss_fn is None and "step" not in more else loss_fn
    program = Program(model, loss_fn, data() if batches is None else batches, optimizer, **more)
    report = report_on(program, steps.CHECKS)
    assert not [sentence for sentence in report.left_out if "stopped by" in sentence]
    return [(finding.cause, finding.grade) for finding in report]


def test_a_right_program_has_no_finding():
    assert examined() == []


def accumulating(divide):
    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        for x, y in zip(batch[0].chunk(4), batch[1].chunk(4), strict=True):
            (F.mse_loss(model(x), y) / (4 if divide else 1)).backward()
        optimizer.step()

    return train_step


@pytest.mark.parametrize("accumulate", [4, None])
def test_accumulation_that_is_not_averaged(accumulate):
    grade = "fault" if accumulate else "suspicion"
    assert examined(train_step=accumulating(False), accumulate=accumulate) == [("gradient-not-averaged", grade)]
    assert examined(train_step=accumulating(True), accumulate=accumulate) == []


@pytest.mark.parametrize("divide", [True, False])
def test_accumulation_over_several_calls(divide):
    calls = []

    def train_step(model, batch, optimizer):
        (F.mse_loss(model(batch[0]), batch[1]) / (3 if divide else 1)).backward()
        calls.append(1)
        if len(calls) % 3 == 0:
            optimizer.step()
            optimizer.zero_grad()

    expected = [] if divide else [("gradient-not-averaged", "fault")]
    assert examined(train_step=train_step, accumulate=3) == expected


def test_a_loss_that_is_a_sum_is_rightly_added_up():
    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        for x, y in zip(batch[0].chunk(4), batch[1].chunk(4), strict=True):
            F.mse_loss(model(x), y, reduction="sum").backward()
        optimizer.step()

    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    summed = nn.MSELoss(reduction="sum")
    assert examined(model, summed, optimizer=optimizer, train_step=train_step, accumulate=4) == []


def test_that_nothing_moves_is_no_second_finding_where_gradients_are_clipped_while_scaled():
    """What is left of them moves nothing, and their sizes say why."""
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = F.mse_loss(model(batch[0]), batch[1])
        scaler.scale(loss).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        return loss.detach()

    assert examined(train_step=train_step) == [("clipped-before-unscaling", "fault")]


def distilled(both_from_teacher):
    teacher = nn.Linear(4, 3).requires_grad_(False)

    def step(model, batch):
        student, scores = model(batch[0]), teacher(batch[0])
        side = scores if both_from_teacher else student
        term = F.kl_div(side.log_softmax(1), scores.softmax(1), reduction="batchmean")
        return F.cross_entropy(student, batch[1]) + 0.5 * term

    return examined(nn.Linear(4, 3), batches=classes(), step=step)


def test_a_term_that_no_weight_can_lower():
    assert distilled(both_from_teacher=True) == [("term-without-gradient", "fault")]
    assert distilled(both_from_teacher=False) == []


def test_numbers_beside_the_loss_are_no_terms():
    def step(model, batch):
        answer = model(batch[0])
        F.l1_loss(answer.detach(), batch[1])  # a figure to look at
        total = torch.zeros(())
        for part in (F.mse_loss(answer, batch[1]), 1e-4 * model.weight.square().sum()):
            total = total + part
        return total + 0.1

    assert examined(step=step) == []


@pytest.mark.parametrize("rate", [3.0, 1e-9])
def test_a_rate_that_is_far_off(rate):
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    cause = "rate-too-high" if rate > 1 else "nothing-moves"
    assert (cause, "fault") in examined(model, optimizer=optimizer)


@pytest.mark.parametrize("own_step", [False, True])
def test_a_sum_where_the_rate_is_that_of_a_mean(own_step):
    def program(reduction, rate):
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
        loss_fn, optimizer = nn.MSELoss(reduction=reduction), torch.optim.SGD(model.parameters(), lr=rate)

        def train_step(model, batch, optimizer):
            optimizer.zero_grad()
            loss = loss_fn(model(batch[0]), batch[1])
            loss.backward()
            optimizer.step()
            return loss

        return examined(model, loss_fn, optimizer=optimizer, train_step=train_step if own_step else None)

    assert program("sum", 0.05)[0] == ("loss-summed", "fault")
    assert program("sum", 0.002) == []  # a rate that fits the sum
    assert program("mean", 0.05) == []
    assert program("mean", 5.0)[0] == ("rate-too-high", "fault")
    assert program("sum", 5.0)[0] in [("rate-too-high", "fault"), ("loss-summed", "fault")]  # both are wrong


def test_decay_that_outweighs_the_loss():
    model = nn.Linear(4, 1)
    nn.init.normal_(model.weight, std=0.01)
    assert examined(optimizer=torch.optim.SGD(model.parameters(), 0.005, weight_decay=100.0), model=model) == [
        ("weight-decay-too-strong", "fault")
    ]
    assert examined(optimizer=torch.optim.SGD(model.parameters(), 0.05, weight_decay=1e-4), model=model) == []


def test_answers_that_collapse():
    def pull(model, batch):
        return model(batch[0]).var(0).sum() + 1

    model = nn.Linear(4, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    assert ("outputs-collapse", "fault") in examined(model, optimizer=optimizer, step=pull)


def sampled(tell):
    class Epochs:
        def __init__(self):
            x, y = torch.randn(32, 4), torch.randn(32, 1)
            self.data, self.epoch = torch.utils.data.TensorDataset(x, y), 0
            self.sampler = torch.utils.data.DistributedSampler(self.data, num_replicas=1, rank=0)
            self.loader = torch.utils.data.DataLoader(self.data, batch_size=8, sampler=self.sampler)

        def __iter__(self):
            if tell:
                self.sampler.set_epoch(self.epoch)
            self.epoch += 1
            return iter(self.loader)

    return Epochs()


def test_a_sampler_that_never_hears_of_a_new_epoch():
    assert examined(batches=sampled(tell=False)) == [("sampler-epoch-never-set", "fault")]
    assert examined(batches=sampled(tell=True)) == []
    assert examined(batches=sampled(tell=False).loader) == [("sampler-epoch-never-set", "note")]


def scheduled(make, batches=None):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scheduler = make(optimizer)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        F.mse_loss(model(batch[0]), batch[1]).backward()
        optimizer.step()
        scheduler.step()

    given = {"train_step": train_step, "scheduler": scheduler}
    return [cause for cause, _ in examined(model, batches=batches, optimizer=optimizer, **given)]


def test_a_schedule_that_is_over_in_the_first_epoch():
    schedulers = torch.optim.lr_scheduler
    long = data(count=16 * 60)
    assert scheduled(lambda o: schedulers.ExponentialLR(o, 0.8), long) == ["rate-gone-early"]
    assert scheduled(lambda o: schedulers.CosineAnnealingLR(o, 600), long) == []
    assert scheduled(lambda o: schedulers.OneCycleLR(o, 0.02, total_steps=600), long) == []
    assert "rate-grows" in scheduled(lambda o: schedulers.ExponentialLR(o, 1.05), long)


def test_a_scheduler_of_another_optimizer():
    other = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    assert "schedule-of-another-optimizer" not in scheduled(lambda o: torch.optim.lr_scheduler.ConstantLR(o, 1.0))
    scheduler = torch.optim.lr_scheduler.StepLR(other, 10)
    assert ("schedule-of-another-optimizer", "fault") in examined(scheduler=scheduler)


def q_step(target, update):
    count = []

    def train_step(model, batch, optimizer):
        goal = batch[1] + 0.1 * target(batch[0]).detach()
        optimizer.zero_grad()
        F.mse_loss(model(batch[0]), goal).backward()
        optimizer.step()
        count.append(1)
        if len(count) % 5 == 0:
            update(model)

    return train_step


@pytest.mark.parametrize("soft", [True, False])
def test_targets(soft):
    def follow(target, source):
        if soft:
            with torch.no_grad():
                for mine, new in zip(target.parameters(), source.parameters(), strict=True):
                    mine.lerp_(new, 0.5)
        else:
            target.load_state_dict(source.state_dict())

    model = nn.Linear(4, 1)
    target = copy.deepcopy(model).requires_grad_(False)
    right = q_step(target, lambda online: follow(target, online))
    assert examined(model, target=target, train_step=right) == []
    itself = q_step(target, lambda _: follow(target, target))
    assert examined(model, target=target, train_step=itself) == [("target-never-updated", "fault")]


def test_a_target_that_is_averaged_with_itself():
    model = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))
    target = copy.deepcopy(model).requires_grad_(False)

    def shrink(_model):
        with torch.no_grad():
            for parameter in target.parameters():
                parameter.mul_(0.9).add_(0.05 * parameter)

    faulty = q_step(target, shrink)
    assert examined(model, target=target, train_step=faulty) == [("target-never-updated", "fault")]


def test_everything_is_put_back():
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 1)).eval()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    batches, before = data(), copy.deepcopy(model.state_dict())
    random = torch.get_rng_state()
    examined(model, batches=batches, optimizer=optimizer)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert optimizer.state == {}
    assert not model.training


@pytest.mark.parametrize("momentum", [0.0, 1e-3, 1.0])
def test_a_momentum_that_keeps_the_start_or_one_batch(momentum):
    x = 50 + 9 * torch.randn(96, 4)
    batches = list(zip(x.split(16), (x[:, :1] - 50).split(16), strict=True))

    def model(momentum):
        return nn.Sequential(nn.BatchNorm1d(4, momentum=momentum), nn.Linear(4, 1))

    assert [cause for cause, _ in examined(model(momentum), batches=batches)] == ["batchnorm-momentum"]
    assert examined(model(0.1), batches=batches) == []


@pytest.mark.parametrize("cut", ["all", "part", "nothing"])
def test_weights_that_no_pass_reaches(cut):
    model = nn.ModuleDict({"body": nn.Linear(4, 8), "head": nn.Linear(8, 1)})
    if cut == "all":
        optimizer = {name: torch.optim.SGD(part.parameters(), lr=0.01) for name, part in model.items()}
    else:
        optimizer = {"both": torch.optim.SGD(model.parameters(), lr=0.01)}

    def train_step(model, batch, optimizers):
        for one in optimizers.values():
            one.zero_grad()
        features = model["body"](batch[0])
        loss = F.mse_loss(model["head"](features if cut == "nothing" else features.detach()), batch[1])
        loss.backward()
        for one in optimizers.values():
            one.step()
        return loss.detach()

    found = examined(model, optimizer=optimizer, train_step=train_step, loss_fn=None, step=None)
    assert (
        found
        == {
            "all": [("gradient-cut-off", "fault")],
            "part": [("gradient-cut-off", "suspicion")],
            "nothing": [],
        }[cut]
    )


def test_a_frozen_body_in_the_optimizer_is_no_fault():
    model = nn.ModuleDict({"body": nn.Linear(4, 8), "head": nn.Linear(8, 1)})

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        with torch.no_grad():
            features = model["body"](batch[0])
        loss = F.mse_loss(model["head"](features), batch[1])
        loss.backward()
        optimizer.step()
        return loss.detach()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    assert examined(model, optimizer=optimizer, train_step=train_step, loss_fn=None, step=None) == []


def examined_with_a_schedule(schedule):
    """Examine a straight line whose schedule takes a step with each batch, in epochs of six."""
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scheduler = schedule(optimizer)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = F.mse_loss(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss.detach()

    given = {"scheduler": scheduler, "train_step": train_step, "steps_per_epoch": 6}
    return examined(model, optimizer=optimizer, **given)


@pytest.mark.parametrize(("size", "expected"), [(2, [("rate-gone-early", "fault")]), (60, [])])
def test_a_rate_that_is_gone_after_a_few_short_epochs(size, expected):
    found = examined_with_a_schedule(lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, step_size=size))
    assert found == expected


@pytest.mark.parametrize(("length", "expected"), [(4, [("rate-gone-early", "fault")]), (60, []), (1000, [])])
def test_a_wave_that_ends_within_an_epoch(length, expected):
    wave = torch.optim.lr_scheduler.CosineAnnealingLR
    assert examined_with_a_schedule(lambda optimizer: wave(optimizer, T_max=length)) == expected


def test_a_buffer_of_truth_values_is_no_obstacle():
    model = nn.Linear(4, 1)
    model.register_buffer("mask", torch.tensor([True, False]))
    assert examined(model) == []
