"""The schedules of Lightning modules, in every form that configure_optimizers may return them. Needs Lightning."""

import pytest
import torch
from torch.optim import lr_scheduler as schedules

from helpers import doctor
from tests.helpers.doctor.frameworks.lightning_programs import ByHand, Data, Network, batches
from tests.helpers.doctor.frameworks.peers import causes


def adam(module):
    return torch.optim.Adam(module.parameters(), lr=1e-2)


def found(make, form, kind=Network, data=batches):
    """The causes in a module with this scheduler, handed over in this form."""

    def configure(module):
        optimizer = adam(module)
        return form(optimizer, make(optimizer))

    report = doctor.examine_lightning(kind(configure), data())
    assert not any("stopped" in sentence for sentence in report.left_out), report.left_out
    return causes(report)


def each_step(optimizer, scheduler, **more):
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step", **more}}


def gone(optimizer):
    """Over after four steps, and meant to be stepped each epoch."""
    return schedules.StepLR(optimizer, step_size=2, gamma=0.1)


GROWS = {
    "a tuple of lists": lambda optimizer, scheduler: ([optimizer], [scheduler]),
    "a tuple of lists with a dict": lambda optimizer, scheduler: ([optimizer], [{"scheduler": scheduler}]),
    "a tuple of a list and a dict": lambda optimizer, scheduler: ([optimizer], {"scheduler": scheduler}),
    "a dict": lambda optimizer, scheduler: {"optimizer": optimizer, "lr_scheduler": scheduler},
    "a dict of a dict": lambda optimizer, scheduler: {
        "optimizer": optimizer,
        "lr_scheduler": {"scheduler": scheduler, "interval": "epoch", "frequency": 2},
    },
    "a list of a dict": lambda optimizer, scheduler: [{"optimizer": optimizer, "lr_scheduler": scheduler}],
    "each step": each_step,
}


@pytest.mark.parametrize("form", GROWS.values(), ids=GROWS)
def test_a_rate_that_grows_in_every_form(form):
    assert found(lambda optimizer: schedules.ExponentialLR(optimizer, 1.2), form) == ["rate-grows"]
    assert found(lambda optimizer: schedules.ExponentialLR(optimizer, 0.99), form) == []


@pytest.mark.parametrize("form", [lambda optimizer, _: optimizer, lambda optimizer, _: [optimizer]])
def test_an_optimizer_alone(form):
    assert found(lambda _: None, form) == []


def test_a_schedule_of_epochs_that_is_stepped_with_each_batch():
    assert found(gone, each_step) == ["rate-gone-early"]
    assert found(gone, GROWS["a dict"]) == []
    cosine = schedules.CosineAnnealingLR
    assert found(lambda optimizer: cosine(optimizer, T_max=3), each_step) == ["rate-gone-early"]
    assert found(lambda optimizer: cosine(optimizer, T_max=30), GROWS["a dict"]) == []


def test_frequency_counts():
    assert found(gone, lambda *both: each_step(*both, frequency=2)) == ["rate-gone-early"]
    slow = schedules.StepLR
    assert found(lambda optimizer: slow(optimizer, step_size=8), lambda *both: each_step(*both, frequency=8)) == []


def test_a_plateau_that_looks_the_wrong_way():
    def watching(figure):
        return lambda optimizer, scheduler: {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "monitor": figure},
        }

    def plateau(mode):
        return lambda optimizer: schedules.ReduceLROnPlateau(optimizer, mode=mode, patience=1)

    assert found(plateau("min"), watching("valid_accuracy"), data=Data) == ["schedule-wrong-way"]
    assert found(plateau("max"), watching("valid_accuracy"), data=Data) == []
    assert found(plateau("max"), watching("valid_loss"), data=Data) == ["schedule-wrong-way"]
    assert found(plateau("min"), watching("valid_loss"), data=Data) == []
    assert found(plateau("min"), watching("loss")) == []


def test_a_plateau_without_its_figure_is_left_out_in_a_sentence():
    def configure(module):
        optimizer = adam(module)
        scheduler = schedules.ReduceLROnPlateau(optimizer)
        return {"optimizer": optimizer, "lr_scheduler": scheduler, "monitor": "valid_loss"}

    report = doctor.examine_lightning(Network(configure), batches())
    assert causes(report) == []
    assert any(
        "Lightning's own loop: stopped by" in sentence and "valid_loss" in sentence for sentence in report.left_out
    )


def test_a_scheduler_of_another_optimizer():
    def configure(module):
        return [adam(module)], [schedules.StepLR(adam(module), 10)]

    assert causes(doctor.examine_lightning(Network(configure), batches())) == ["schedule-of-another-optimizer"]


def warm_up(module):
    """The rate begins at zero and is full after a hundred steps."""
    optimizer = adam(module)
    return each_step(optimizer, schedules.LambdaLR(optimizer, lambda step: min(1.0, step / 100)))


def one_cycle(module):
    """Made from the length of training, which only the trainer knows."""
    optimizer, steps = adam(module), module.trainer.estimated_stepping_batches
    return each_step(optimizer, schedules.OneCycleLR(optimizer, max_lr=1e-2, total_steps=int(steps)))


def restarts(module):
    optimizer = adam(module)
    return each_step(optimizer, schedules.CosineAnnealingWarmRestarts(optimizer, T_0=4))


def long_cycle(module):
    optimizer = adam(module)
    return each_step(optimizer, schedules.OneCycleLR(optimizer, max_lr=1e-2, total_steps=900))


@pytest.mark.parametrize("configure", [warm_up, one_cycle, restarts, long_cycle])
def test_right_schedules_that_look_odd(configure):
    report = doctor.examine_lightning(Network(configure), batches())
    assert [(finding.cause, finding.grade) for finding in report if finding.grade != "note"] == []
    assert not any("stopped" in sentence for sentence in report.left_out)


def test_a_module_that_steps_by_hand_steps_its_scheduler_too():
    def never(_):
        pass

    def at_the_end(module):
        if module.trainer.is_last_batch:
            module.lr_schedulers().step()

    def right(optimizer):
        return schedules.StepLR(optimizer, 100)

    form = GROWS["a dict"]
    assert found(right, form, lambda configure: ByHand(configure, never)) == ["rate-never-falls"]
    assert found(right, form, lambda configure: ByHand(configure, at_the_end)) == []


def test_a_scheduler_that_is_stepped_by_hand_before_the_optimizer():
    class Early(ByHand):
        def training_step(self, batch, number):
            self.lr_schedulers().step()
            super().training_step(batch, number)

    def configure(module):
        optimizer = adam(module)
        return each_step(optimizer, schedules.ExponentialLR(optimizer, 0.99))

    report = doctor.examine_lightning(Early(configure), batches())
    assert causes(report, "suspicion") == ["schedule-before-step"]
