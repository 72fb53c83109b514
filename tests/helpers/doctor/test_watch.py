"""Watching a reader's loop: each fault of a step on a minimal loop, and the same loop done right."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import clip_grad_norm_

from helpers import doctor
from helpers.doctor import ProgramError


def line(count=96, features=4, size=16):
    """A regression that a linear model solves, in batches."""
    x = torch.randn(count, features)
    y = x @ torch.arange(1.0, features + 1).unsqueeze(1)
    return list(zip(x.split(size), y.split(size), strict=True))


def causes(seen, grade=None):
    return [finding.cause for finding in seen if grade in (None, finding.grade)]


def watched(loop, *, model=None, optimizer=None, epochs=2, **given):
    """Run ``loop(model, optimizer, batches)`` under watch, for some epochs."""
    model = nn.Linear(4, 1) if model is None else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01) if optimizer is None else optimizer
    with doctor.watch(model, optimizer, **given) as seen:
        for _ in range(epochs):
            loop(model, optimizer, line())
    return seen


def right(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()


def clear_by_none(model, optimizer, batches):
    for x, y in batches:
        for parameter in model.parameters():
            parameter.grad = None
        F.mse_loss(model(x), y).backward()
        optimizer.step()


def clear_in_place(model, optimizer, batches):
    for x, y in batches:
        model.zero_grad(set_to_none=False)
        F.mse_loss(model(x), y).backward()
        optimizer.step()


def clear_after(model, optimizer, batches):
    for x, y in batches:
        F.mse_loss(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()


def accumulate_right(model, optimizer, batches):
    for number, (x, y) in enumerate(batches, start=1):
        (F.mse_loss(model(x), y) / 3).backward()
        if number % 3 == 0:
            optimizer.step()
            optimizer.zero_grad()


def clip_right(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def two_losses(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        (1e-3 * model.weight.square().sum()).backward()
        optimizer.step()


def attacked(model, optimizer, batches):
    """Adversarial training: the first pass is for the inputs' gradient, and what it leaves in the model is cleared."""
    for x, y in batches:
        leaf = x.clone().requires_grad_()
        F.mse_loss(model(leaf), y).backward()
        optimizer.zero_grad()
        F.mse_loss(model(x + 0.01 * leaf.grad.sign()), y).backward()
        optimizer.step()


def sharpness_aware(model, optimizer, batches):
    for x, y in batches:
        F.mse_loss(model(x), y).backward()
        shift = [0.01 * parameter.grad for parameter in model.parameters()]
        with torch.no_grad():
            for parameter, by in zip(model.parameters(), shift, strict=True):
                parameter += by
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        with torch.no_grad():
            for parameter, by in zip(model.parameters(), shift, strict=True):
                parameter -= by
        optimizer.step()
        optimizer.zero_grad()


def scaled_right(model, optimizer, batches):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
    for x, y in batches:
        optimizer.zero_grad()
        scaler.scale(F.mse_loss(model(x), y)).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()


def overflowing(model, optimizer, batches):
    """The scaler leaves steps out while its scale is too high, and the loop clears what they had."""
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    for x, y in batches:
        optimizer.zero_grad()
        scaler.scale(F.mse_loss(model(x), y)).backward()
        scaler.step(optimizer)
        scaler.update()


RIGHT = [
    right,
    clear_by_none,
    clear_in_place,
    clear_after,
    accumulate_right,
    clip_right,
    two_losses,
    attacked,
    sharpness_aware,
    scaled_right,
    overflowing,
]


@pytest.mark.parametrize("loop", RIGHT, ids=lambda loop: loop.__name__)
def test_a_right_loop_has_no_finding(loop):
    assert causes(watched(loop)) == []


def never_cleared(model, optimizer, batches):
    for x, y in batches:
        F.mse_loss(model(x), y).backward()
        optimizer.step()


def cleared_once_an_epoch(model, optimizer, batches):
    optimizer.zero_grad()
    never_cleared(model, optimizer, batches)


def cleared_in_every_microbatch(model, optimizer, batches):
    for number, (x, y) in enumerate(batches, start=1):
        optimizer.zero_grad()
        (F.mse_loss(model(x), y) / 3).backward()
        if number % 3 == 0:
            optimizer.step()


def cleared_before_the_step(model, optimizer, batches):
    for x, y in batches:
        F.mse_loss(model(x), y).backward()
        optimizer.zero_grad()
        optimizer.step()


def clipped_after_the_step(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)


def clipped_while_scaled(model, optimizer, batches):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
    for x, y in batches:
        optimizer.zero_grad()
        scaler.scale(F.mse_loss(model(x), y)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()


def stepped_past_the_scaler(model, optimizer, batches):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    for x, y in batches:
        optimizer.zero_grad()
        scaler.scale(F.mse_loss(model(x), y)).backward()
        optimizer.step()


def backward_past_the_scaler(model, optimizer, batches):
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    for x, y in batches:
        optimizer.zero_grad()
        scaler.scale(torch.zeros(()))
        loss = F.mse_loss(model(x), y)
        loss.backward()
        scaler.step(optimizer)
        scaler.update()


def clipped_by_an_imported_name(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
        clip_grad_norm_(model.parameters(), 1.0)


def never_stepped(model, _optimizer, batches):
    for x, y in [*batches, *batches]:
        F.mse_loss(model(x), y).backward()


def never_backward(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        F.mse_loss(model(x), y)
        optimizer.step()


FAULTY = [
    (never_cleared, "zero-grad-missing"),
    (cleared_once_an_epoch, "zero-grad-missing"),
    (cleared_in_every_microbatch, "zero-grad-in-every-microbatch"),
    (cleared_before_the_step, "zero-grad-before-step"),
    (clipped_after_the_step, "clipping-after-step"),
    (clipped_by_an_imported_name, "clipping-after-step"),
    (clipped_while_scaled, "clipped-before-unscaling"),
    (stepped_past_the_scaler, "gradient-differs"),
    (never_stepped, "step-never-called"),
    (never_backward, "backward-never-called"),
]


@pytest.mark.parametrize(("loop", "cause"), FAULTY, ids=lambda value: getattr(value, "__name__", value))
def test_a_faulty_loop_has_one_cause(loop, cause):
    assert causes(watched(loop), "fault") == [cause]


def gan(leftovers):
    """A generator and a discriminator, each with its own optimizer."""
    nets = nn.ModuleDict({"G": nn.Linear(2, 2), "D": nn.Linear(2, 1)})
    optimizers = {name: torch.optim.Adam(nets[name].parameters(), lr=1e-3) for name in nets}

    def epoch():
        for _ in range(6):
            real, fake = torch.randn(8, 2) + 3, nets["G"](torch.randn(8, 2))
            if not leftovers:
                optimizers["D"].zero_grad()
            (nets["D"](fake.detach()).mean() - nets["D"](real).mean()).backward()
            optimizers["D"].step()
            if leftovers:
                optimizers["D"].zero_grad()
            optimizers["G"].zero_grad()
            (-nets["D"](fake).mean()).backward()
            optimizers["G"].step()

    with doctor.watch(nets, optimizers) as seen:
        epoch()
    return seen


def test_what_the_generator_leaves_in_the_discriminator():
    assert causes(gan(leftovers=True)) == ["other-network-leftovers"]
    assert causes(gan(leftovers=False)) == []


def test_what_the_discriminator_leaves_in_a_generator_that_is_never_cleared():
    nets = nn.ModuleDict({"G": nn.Linear(2, 2), "D": nn.Linear(2, 1)})
    optimizers = {name: torch.optim.SGD(nets[name].parameters(), lr=1e-3) for name in nets}
    with doctor.watch(nets, optimizers) as seen:
        for _ in range(6):
            optimizers["G"].zero_grad()
            optimizers["D"].zero_grad()
            nets["D"](nets["G"](torch.randn(8, 2))).mean().backward()  # without detach
            optimizers["D"].step()
            optimizers["D"].zero_grad()
            (-nets["D"](nets["G"](torch.randn(8, 2))).mean()).backward()
            optimizers["G"].step()
    assert causes(seen) == ["other-network-leftovers"]


def test_an_optimizer_that_steps_more_rarely_than_its_neighbor():
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1))
    fast, slow = (torch.optim.SGD(part.parameters(), lr=0.01) for part in model)

    def loop(model, _optimizers, batches):
        for number, (x, y) in enumerate(batches, start=1):
            F.mse_loss(model(x), y).backward()
            fast.step()
            fast.zero_grad()
            if number % 2 == 0:
                slow.step()
                slow.zero_grad()

    assert causes(watched(loop, model=model, optimizer={"fast": fast, "slow": slow})) == []


def test_two_optimizers_of_one_loss_leave_nothing():
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 1))
    parts = {"body": torch.optim.SGD(model[0].parameters(), 0.01), "head": torch.optim.SGD(model[1].parameters(), 0.01)}

    def loop(model, optimizers, batches):
        for x, y in batches:
            for optimizer in optimizers.values():
                optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            for optimizer in optimizers.values():
                optimizer.step()

    assert causes(watched(loop, model=model, optimizer=parts)) == []


def in_mode(training):
    def loop(model, optimizer, batches):
        model.train(training)
        right(model, optimizer, [(50 + 10 * x, y) for x, y in batches])

    return loop


def test_training_in_eval_mode():
    def model():
        return nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1))

    seen = watched(in_mode(False), model=model())
    assert causes(seen, "fault") == ["trained-in-eval-mode"]
    assert "12 of 12 training passes" in seen.findings[0].seen
    assert causes(watched(in_mode(True), model=model())) == []


def test_an_evaluation_between_epochs_is_no_training_in_eval_mode():
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def loop(model, optimizer, batches):
        model.train()
        right(model, optimizer, batches[:2])
        model.eval()
        for x, y in batches:
            F.mse_loss(model(x), y)

    assert causes(watched(loop, model=model)) == []


def test_an_epoch_that_ends_in_eval_mode():
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))

    def loop(model, optimizer, batches):
        right(model, optimizer, batches)
        model.eval()

    assert causes(watched(loop, model=model, epochs=4), "suspicion") == ["trained-in-eval-mode"]


def far_off(size=16, count=8):
    """Batches whose inputs lie around 50."""
    x = 50 + 9 * torch.randn(size * count, 4)
    return list(zip(x.split(size), (x[:, :1] - 50).split(size), strict=True))


@pytest.mark.parametrize(
    ("momentum", "grade"), [(0.0, "fault"), (1e-3, "fault"), (1.0, "suspicion"), (0.99, "suspicion")]
)
def test_a_momentum_that_keeps_the_start_or_one_batch(momentum, grade):
    model = nn.Sequential(nn.BatchNorm1d(4, momentum=momentum), nn.Linear(4, 1))
    batches = far_off()
    seen = watched(lambda model, optimizer, _: right(model, optimizer, batches), model=model, epochs=5)
    assert causes(seen) == ["batchnorm-momentum"]
    assert causes(seen, grade) == ["batchnorm-momentum"]


@pytest.mark.parametrize(
    ("momentum", "size", "epochs"),
    [
        (0.1, 16, 5),
        (None, 16, 5),
        (0.01, 16, 5),
        (1e-3, 16, 2),  # too few passes to say
        (1.0, 2048, 5),  # one batch is as good as all
    ],
)
def test_a_momentum_that_does_its_work(momentum, size, epochs):
    model = nn.Sequential(nn.BatchNorm1d(4, momentum=momentum), nn.Linear(4, 1))
    batches = far_off(size)
    seen = watched(lambda model, optimizer, _: right(model, optimizer, batches), model=model, epochs=epochs)
    assert causes(seen) == []


def test_a_small_momentum_that_an_epoch_is_long_enough_for():
    model = nn.Sequential(nn.BatchNorm1d(4, momentum=1e-3), nn.Linear(4, 1))
    batches = far_off()

    def loop(model, optimizer, _):
        right(model, optimizer, batches)

    assert causes(watched(loop, model=model, epochs=5, steps_per_epoch=5000)) == []
    assert causes(watched(loop, model=model, epochs=5, steps_per_epoch=8)) == ["batchnorm-momentum"]


def test_frozen_layers_that_move():
    def model():
        return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))

    free = model()
    assert causes(watched(right, model=free, frozen=["0"])) == ["frozen-layer-moves"]
    held = model()
    held[:2].requires_grad_(False)
    assert causes(watched(right, model=held, frozen=["0", "1"]), "fault") == ["frozen-statistics-move"]
    held[1].eval()
    assert causes(watched(right, model=held, frozen=["0", "1"])) == []


def test_an_optimizer_of_another_model():
    model, other = nn.Linear(4, 1), nn.Linear(4, 1)
    seen = watched(right, model=model, optimizer=torch.optim.SGD(other.parameters(), lr=0.1))
    assert "optimizer-of-another-model" in causes(seen)


def test_parameters_that_no_optimizer_holds():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    seen = watched(right, model=model, optimizer=torch.optim.SGD(model[1].parameters(), lr=0.1))
    assert causes(seen) == ["optimizer-misses-parameters"]


def test_a_rate_of_zero_moves_nothing():
    model = nn.Linear(4, 1)
    seen = watched(right, model=model, optimizer=torch.optim.SGD(model.parameters(), lr=0.0))
    assert causes(seen) == ["nothing-moves"]


@pytest.mark.parametrize(("mode", "figure"), [("min", "score"), ("max", "loss")])
def test_a_plateau_that_looks_the_wrong_way(mode, figure):
    seen = plateau(mode, figure)
    assert causes(seen) == ["schedule-wrong-way"]


@pytest.mark.parametrize(("mode", "figure"), [("max", "score"), ("min", "loss")])
def test_a_plateau_that_looks_the_right_way(mode, figure):
    assert causes(plateau(mode, figure)) == []


def plateau(mode, figure):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode=mode, patience=2)
    batches = line()
    with doctor.watch(model, optimizer, scheduler) as seen:
        for _ in range(8):
            right(model, optimizer, batches)
            with torch.no_grad():
                loss = sum(float(F.mse_loss(model(x), y)) for x, y in batches)
            scheduler.step(loss if figure == "loss" else 1 / (1 + loss))
    return seen


def scheduled(make, *, each_batch, epochs=6):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scheduler = make(optimizer)
    with doctor.watch(model, optimizer, scheduler) as seen:
        for _ in range(epochs):
            for batch in line():
                right(model, optimizer, [batch])
                if each_batch:
                    scheduler.step()
            if not each_batch:
                scheduler.step()
    return seen


def test_a_schedule_of_epochs_that_is_stepped_with_each_batch():
    def cosine(optimizer):
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)

    def steps(optimizer):
        return torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)

    for make in (cosine, steps):
        assert causes(scheduled(make, each_batch=True)) == ["rate-gone-early"]
    assert causes(scheduled(cosine, each_batch=False)) == []


@pytest.mark.filterwarnings("ignore:Detected call of")
def test_a_schedule_that_is_stepped_too_soon_or_never():
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.9)

    def loop(model, optimizer, batches):
        scheduler.step()
        right(model, optimizer, batches)

    assert causes(watched(loop, model=model, optimizer=optimizer, scheduler=scheduler, epochs=4)) == [
        "schedule-before-step"
    ]
    batches = line()

    def same(model, optimizer, _batches):
        right(model, optimizer, batches)

    seen = watched(same, model=model, optimizer=optimizer, scheduler=scheduler, epochs=4)
    assert causes(seen) == ["rate-never-falls"]
    other = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(other, step_size=1)
    seen = watched(right, model=model, optimizer=optimizer, scheduler=scheduler, epochs=1)
    assert causes(seen) == ["schedule-of-another-optimizer"]


def test_a_schedule_over_all_steps_is_right():
    def one_cycle(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.02, total_steps=37)

    assert causes(scheduled(one_cycle, each_batch=True)) == []


def test_a_sampler_that_never_hears_of_a_new_epoch():
    data = torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1))
    sampler = torch.utils.data.DistributedSampler(data, num_replicas=1, rank=0)
    loader = torch.utils.data.DataLoader(data, batch_size=8, sampler=sampler)

    def epochs(tell):
        model = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        with doctor.watch(model, optimizer) as seen:
            for epoch in range(3):
                if tell:
                    sampler.set_epoch(epoch)
                right(model, optimizer, loader)
                for x, _ in loader:  # a pass that only looks
                    model(x)
        return seen

    assert causes(epochs(tell=False)) == ["sampler-epoch-never-set"]
    assert causes(epochs(tell=True)) == []


def q_learning(kind):
    model = nn.Linear(4, 1)
    target = model if kind == "same" else copy.deepcopy(model).requires_grad_(kind == "trained")
    known = [*model.parameters(), *(target.parameters() if kind == "trained" else ())]
    optimizer = torch.optim.SGD(known, lr=0.01)

    def loop(model, optimizer, batches):
        for number, (x, y) in enumerate(batches):
            goal = y + 0.5 * target(x)
            right(model, optimizer, [(x, goal if kind == "trained" else goal.detach())])
            if number % 3 == 2 and kind == "backwards":
                model.load_state_dict(target.state_dict())
            elif number % 3 == 2:
                target.load_state_dict((target if kind == "itself" else model).state_dict())

    return watched(loop, model=model, optimizer=optimizer, target=target)


def test_targets():
    assert causes(q_learning("same"), "fault") == ["target-is-the-same-object"]
    assert causes(q_learning("itself")) == ["target-never-updated"]
    assert causes(q_learning("backwards"), "fault") == ["target-never-updated"]
    assert causes(q_learning("trained"), "fault") == ["gradient-through-target"]
    assert causes(q_learning("right")) == []


def test_a_best_state_that_was_kept_without_a_copy():
    model = nn.Linear(4, 1)

    def loop(model, optimizer, batches, keep):
        best = keep(model.state_dict())
        right(model, optimizer, batches)
        model.load_state_dict(best)

    faulty = watched(lambda *given: loop(*given, dict), model=model)
    assert causes(faulty) == ["checkpoint-is-reference"]
    assert causes(watched(lambda *given: loop(*given, copy.deepcopy))) == []


def test_a_loss_that_grows_or_is_no_number():
    def diverging(rate):
        model = nn.Linear(4, 1)
        return watched(right, model=model, optimizer=torch.optim.SGD(model.parameters(), lr=rate), epochs=5)

    assert causes(diverging(1.3)) == ["rate-too-high"]
    assert causes(diverging(1e3), "fault") == ["outputs-not-finite"]
    assert causes(diverging(0.05)) == []


def added(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        F.mse_loss(model(x), y, reduction="sum").backward()
        optimizer.step()


def added_by_hand(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        ((model(x) - y) ** 2).sum().backward()
        optimizer.step()


def added_and_divided(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        (((model(x) - y) ** 2).sum() / len(x)).backward()
        optimizer.step()


def added_terms(model, optimizer, batches):
    for x, y in batches:
        optimizer.zero_grad()
        torch.stack([F.mse_loss(model(x), y), F.l1_loss(model(x), y)]).sum().backward()
        optimizer.step()


@pytest.mark.parametrize("loop", [added, added_by_hand])
def test_a_sum_where_the_rate_is_that_of_a_mean(loop):
    def summed(rate, epochs=5):
        model = nn.Linear(4, 1)
        return watched(loop, model=model, optimizer=torch.optim.SGD(model.parameters(), lr=rate), epochs=epochs)

    assert causes(summed(0.07)) == ["loss-summed"]
    assert causes(summed(2.0, 30), "fault") == ["loss-summed"]
    assert causes(summed(0.003)) == []  # a rate that fits the sum


@pytest.mark.parametrize("loop", [added_and_divided, added_terms])
def test_a_mean_that_was_written_as_a_sum(loop):
    model = nn.Linear(4, 1)
    seen = watched(loop, model=model, optimizer=torch.optim.SGD(model.parameters(), lr=1.3), epochs=5)
    assert causes(seen) == ["rate-too-high"]


def test_nothing_of_the_loop_changes():
    def train(watching):
        torch.manual_seed(3)
        model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        if watching:
            with doctor.watch(model, optimizer):
                clip_right(model, optimizer, line())
        else:
            clip_right(model, optimizer, line())
        return [tensor.clone() for tensor in model.state_dict().values()], torch.rand(1)

    (plain, rest), (seen, rest_again) = train(False), train(True)
    assert all(torch.equal(one, other) for one, other in zip(plain, seen, strict=True))
    assert torch.equal(rest, rest_again)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whatever_happens_inside_torch_is_as_before(error):
    def state():
        functions = [torch.autograd.backward, nn.utils.clip_grad_norm_, nn.Module.load_state_dict]
        functions += [torch.amp.GradScaler.scale, torch.optim.lr_scheduler.LRScheduler.step]
        hooks = nn.modules.module
        return functions, dict(hooks._global_forward_hooks), dict(hooks._global_forward_pre_hooks)

    before, model = state(), nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def broken():
        never_cleared(model, optimizer, line())
        raise error

    watching = doctor.watch(model, optimizer)
    with pytest.raises(error), watching:
        broken()
    assert state() == before
    assert not optimizer._optimizer_step_pre_hooks
    assert causes(watching) == ["zero-grad-missing"]


def test_expected_causes_are_silent():
    assert causes(watched(never_cleared, expected=["zero-grad-missing"])) == []


def test_a_long_loop_is_booked_up_to_a_limit():
    seen = watched(never_cleared, epochs=4, limit=5)
    assert causes(seen) == ["zero-grad-missing"]
    assert "5 steps" in seen.report.left_out[0] or "first 5" in " ".join(seen.report.left_out)


def test_what_a_watch_does_not_look_at_is_said():
    assert any(sentence.startswith("loss, data and evaluation: ") for sentence in watched(right).report.left_out)


def test_odd_arguments_are_answered_in_a_sentence():
    with pytest.raises(ProgramError, match=r"expected a torch\.nn\.Module as model, got list"):
        doctor.watch([])
    with pytest.raises(ProgramError, match=r"expected a torch\.optim\.Optimizer"):
        doctor.watch(nn.Linear(1, 1), 0.1)
    with pytest.raises(ProgramError, match="no-such-cause"):
        doctor.watch(nn.Linear(1, 1), expected=["no-such-cause"])
    with pytest.raises(ProgramError, match="end of the with block"):
        _ = doctor.watch(nn.Linear(1, 1)).report


def test_a_closure_is_booked_after_it_has_run():
    model = nn.Linear(4, 1)

    def loop(model, optimizer, batches):
        for x, y in batches:

            def closure(x=x, y=y):
                optimizer.zero_grad()
                loss = F.mse_loss(model(x), y)
                loss.backward()
                return loss

            optimizer.step(closure)

    assert causes(watched(loop, model=model)) == []
    several = torch.optim.LBFGS(model.parameters(), lr=0.1)
    assert causes(watched(loop, model=model, optimizer=several, epochs=1)) == []


def test_what_a_cell_shows_is_the_same_in_a_second_run():
    open_watch = doctor.watch(nn.Linear(4, 1))
    assert repr(open_watch) == "a watch whose loop has not ended"
    seen = watched(right)
    assert repr(seen) == str(seen) == str(seen.report) == repr(seen.report)
    assert " at 0x" not in repr(seen)
