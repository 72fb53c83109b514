"""Schedules of a plain program: none that is right is a fault, and none that is wrong hides behind a warm-up."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import lr_scheduler as schedules

from helpers import doctor
from tests.helpers.doctor.programs.pieces import in_batches, mlp, table


def warm_up_then_cosine(optimizer):
    parts = [schedules.LinearLR(optimizer, 1e-3, total_iters=500), schedules.CosineAnnealingLR(optimizer, 5000)]
    return schedules.SequentialLR(optimizer, parts, milestones=[500])


def warm_up_then_restarts(optimizer):
    parts = [schedules.LinearLR(optimizer, 0.1, total_iters=2), schedules.CosineAnnealingWarmRestarts(optimizer, 3)]
    return schedules.SequentialLR(optimizer, parts, milestones=[2])


RIGHT = {
    "from zero": lambda optimizer: schedules.LambdaLR(optimizer, lambda step: min(1.0, step / 1000)),
    "from zero, by epochs": lambda optimizer: schedules.LambdaLR(optimizer, lambda epoch: min(1.0, epoch / 5)),
    "from nearly zero": lambda optimizer: schedules.LinearLR(optimizer, 1e-6, total_iters=1000),
    "warm-up, then cosine": warm_up_then_cosine,
    "warm-up, then restarts": warm_up_then_restarts,
    "one long cycle": lambda optimizer: schedules.OneCycleLR(optimizer, max_lr=0.1, total_steps=900),
    "one cycle from far below": lambda optimizer: schedules.OneCycleLR(optimizer, 0.1, 2000, div_factor=1e6),
    "restarts": lambda optimizer: schedules.CosineAnnealingWarmRestarts(optimizer, 4),
    "cycles": lambda optimizer: schedules.CyclicLR(optimizer, 1e-3, 0.1, step_size_up=300),
    "cycles from nearly zero": lambda optimizer: schedules.CyclicLR(optimizer, 1e-7, 0.1, step_size_up=300),
    "cycles from zero": lambda optimizer: schedules.CyclicLR(optimizer, 0.0, 0.1, step_size_up=300),
    "constant": lambda optimizer: schedules.ConstantLR(optimizer, 1.0),
    "constant, lower at first": lambda optimizer: schedules.ConstantLR(optimizer, 0.01, total_iters=500),
}


def program(make, *, whole=False, own=False, told=True, **more):
    """Wine sorted by a small network with this schedule, which is handed over where it is ``told``.

    With ``whole`` the step is the program's own, and with ``own`` it steps the schedule, too.
    """
    torch.manual_seed(0)
    model = mlp(13, 16, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = make(optimizer)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        if own:
            scheduler.step()
        return loss.detach()

    given = {"model": model, "loss_fn": nn.CrossEntropyLoss(), "batches": in_batches(*table("wine"))}
    given |= {"train_step": train_step} if whole or own else {}
    given |= {"scheduler": scheduler} if told else {}
    return given | {"optimizer": optimizer} | more


def graver(report):
    assert not any("stopped by" in sentence for sentence in report.left_out), report.left_out
    return [(finding.cause, finding.grade, finding.seen) for finding in report if finding.grade != "note"]


WAYS = {"plain": {}, "not told": {"told": False}, "own step": {"own": True}, "stepped by the loop": {"whole": True}}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("schedule", RIGHT)
def test_a_right_schedule_is_no_fault(schedule, way):
    given = program(RIGHT[schedule], **WAYS[way])
    before = [dict(group) for group in given["optimizer"].param_groups]
    assert graver(doctor.examine(**given)) == []
    rates = [group["lr"] for group in given["optimizer"].param_groups]
    assert rates == [group["lr"] for group in before]


def test_a_cycle_that_was_not_handed_over_is_asked_for():
    """The optimizer alone does not say how high it goes."""
    for name in ("cycles from nearly zero", "cycles from zero"):
        report = doctor.examine(**program(RIGHT[name], told=False))
        assert any("hand it over as scheduler=" in finding.seen for finding in report)


def test_a_plateau_of_the_readers_own_loop_is_said_not_to_be_seen():
    def plateau(optimizer):
        return schedules.ReduceLROnPlateau(optimizer, mode="max")

    for way in ({}, {"whole": True}):
        assert any("put doctor.watch around it" in one for one in doctor.examine(**program(plateau, **way)).left_out)
    given = program(plateau)
    with doctor.watch(given["model"], given["optimizer"], given["scheduler"]) as seen:
        for _ in range(20):
            losses = []
            for inputs, labels in given["batches"]:
                given["optimizer"].zero_grad()
                loss = cross_entropy(given["model"](inputs), labels)
                loss.backward()
                given["optimizer"].step()
                losses.append(float(loss.detach()))
            given["scheduler"].step(sum(losses))
    assert [finding.cause for finding in seen] == ["schedule-wrong-way"]


WRONG = {
    "grows": (lambda optimizer: schedules.ExponentialLR(optimizer, 1.1), "rate-grows"),
    "stays at zero": (lambda optimizer: schedules.LambdaLR(optimizer, lambda step: step // 100000), "nothing-moves"),
}


@pytest.mark.parametrize(("make", "cause"), WRONG.values(), ids=WRONG)
def test_a_wrong_schedule_is_a_fault(make, cause):
    found = graver(doctor.examine(**program(make)))
    assert [(name, grade) for name, grade, _ in found] == [(cause, "fault")]


def test_a_rate_too_high_is_seen_behind_a_warm_up():
    given = program(RIGHT["from zero"])
    for group in given["optimizer"].param_groups:
        group["initial_lr"] = 1000.0
    assert [name for name, _, _ in graver(doctor.examine(**given))] == ["rate-too-high"]


class Rows(torch.utils.data.IterableDataset):
    """Samples that are only passed over: a loader of them has no length."""

    def __init__(self):
        self.samples = list(zip(*table("wine"), strict=True))

    def __iter__(self):
        return iter(self.samples)


def test_a_loader_without_a_length_is_no_hindrance():
    loader = torch.utils.data.DataLoader(Rows(), batch_size=32)
    for way in ({}, {"own": True}):
        assert graver(doctor.examine(**program(RIGHT["constant"], batches=loader, **way))) == []


def test_a_schedule_that_is_played_on_warns_nobody():
    """The schedule of an optimizer that never steps is what torch warns of."""
    given, other = program(RIGHT["constant"]), program(RIGHT["constant"])["scheduler"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = graver(doctor.examine(**given | {"scheduler": other}))
    assert [name for name, _, _ in found] == ["schedule-of-another-optimizer"]
    with pytest.warns(UserWarning, match="Detected call of"):  # of the reader's own call, torch warns still
        other.step()


def test_restarts_after_a_warm_up_are_no_fault_in_a_loop():
    given = program(RIGHT["warm-up, then restarts"], own=True)
    with doctor.watch(given["model"], given["optimizer"], given["scheduler"]) as seen:
        for _ in range(5):
            for batch in given["batches"]:
                given["train_step"](given["model"], batch, given["optimizer"])
    assert seen.healthy, str(seen.report)
