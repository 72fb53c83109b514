"""After an examination a Lightning module, its data and its trainer are as they were, bit by bit. Needs Lightning."""

import signal

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as schedules

from helpers import doctor
from tests.helpers.doctor.frameworks.lightning_programs import ByHand, Data, Network, batches, lightning
from tests.helpers.doctor.frameworks.peers import peer
from tests.helpers.doctor.state import assert_same, state_of

torchmetrics = peer("torchmetrics")


class Rich(Network):
    """A module with much to put back: buffers, a frozen layer in eval mode, a hook, a metric, and what it counts."""

    def __init__(self, configure=None):
        super().__init__(configure)
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Dropout(0.1), nn.Linear(16, 3))
        self.layers[1].eval()
        self.layers[0].bias.requires_grad_(False)
        self.layers.register_forward_hook(lambda *_: self.seen.append(1))
        self.accuracy = torchmetrics.Accuracy("multiclass", num_classes=3)
        self.seen, self.losses = [], {}

    def training_step(self, batch, number):
        loss = super().training_step(batch, number)
        self.log("accuracy", self.accuracy(self.layers(batch[0]), batch[1]))
        self.losses[len(self.losses)] = loss.detach()
        return loss

    def on_train_epoch_end(self):
        self.ended = True

    def configure_optimizers(self):
        self.kept = torch.optim.SGD(self.parameters(), lr=0.1)
        return [self.kept], [schedules.StepLR(self.kept, 10)]


def state(module, data):
    """All that is to be put back; the module's and the data's own attributes by name and identity."""
    metric = {name: value for name, value in vars(module).items() if name != "_modules"}
    return {
        **state_of({"model": module, "optimizer": getattr(module, "kept", None)}),
        "attributes": {name: id(value) for name, value in metric.items()},
        "seen": list(getattr(module, "seen", [])),
        "losses": list(getattr(module, "losses", {})),
        "counted": [part._update_count for part in module.modules() if isinstance(part, torchmetrics.Metric)],
        "data": {name: id(value) for name, value in vars(data).items()},
        "memory": [one.data_ptr() for one in module.parameters()],
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "gradients on": torch.is_grad_enabled(),
    }


@pytest.mark.parametrize("make", [Network, ByHand, Rich])
def test_everything_is_put_back(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module, data = make(), Data()
    before = state(module, data)
    doctor.examine_lightning(module, data)
    assert_same(before, state(module, data))
    assert module._trainer is None
    assert list(tmp_path.iterdir()) == []


def test_a_module_in_the_midst_of_training_goes_on_as_if_nothing_had_been():
    """Its trainer, what this has logged, the optimizer's state and the schedule belong to the reader's own training."""

    def trained(examined):
        torch.manual_seed(3)
        module, data = Rich(), Data()
        options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        trainer = lightning.Trainer(max_epochs=1, enable_model_summary=False, accelerator="cpu", **options)
        trainer.fit(module, data)
        if examined:
            before, kept = state(module, data), {name: value.clone() for name, value in trainer.logged_metrics.items()}
            own = state_of({"model": module, "optimizer": trainer.optimizers[0]})
            doctor.examine_lightning(module, data)
            assert_same(before, state(module, data))
            assert_same(own, state_of({"model": module, "optimizer": trainer.optimizers[0]}))
            assert module.trainer is trainer
            assert_same(kept, dict(trainer.logged_metrics))
            assert trainer.global_step == 8
        trainer.fit_loop.max_epochs = 2
        trainer.fit(module, data)
        return state_of({"model": module}), trainer.callback_metrics

    (plain, logged), (examined, also) = trained(False), trained(True)
    assert_same(plain["weights"], examined["weights"])
    assert_same(logged, also)


class Stop(Network):
    """Stops at the end of the first recorded epoch."""

    error = KeyError

    def on_train_epoch_end(self):
        raise self.error("mine")


def test_an_exception_in_the_loop_is_told_and_everything_put_back():
    module, data = Stop(), Data()
    before = state(module, data)
    report = doctor.examine_lightning(module, data)
    assert any("stopped by KeyError" in sentence for sentence in report.left_out)
    assert_same(before, state(module, data))


def test_ctrl_c_in_the_loop_goes_on_and_everything_is_put_back():
    module, data = Stop(), Data()
    module.error = KeyboardInterrupt
    before = state(module, data)
    with pytest.raises(KeyboardInterrupt):
        doctor.examine_lightning(module, data)
    assert_same(before, state(module, data))


def test_what_lightning_refuses_is_put_back_too():
    module, data = Network(lambda module: [torch.optim.Adam(module.parameters())] * 2), batches()
    before = state(module, data)
    with pytest.raises(doctor.ProgramError, match="expected one optimizer"):
        doctor.examine_lightning(module, data)
    assert_same(before, state(module, data))


def test_a_trainer_that_holds_much_slows_nothing_down():
    """Checks look at the module many times: a large trainer and data that it leads to are not copied each time."""
    module = Network()
    inputs = torch.randn(2000, 6)
    data = [(one, label) for one, label in zip(inputs, inputs[:, :3].argmax(1), strict=True)]
    trainer = lightning.Trainer(max_steps=1, logger=False, enable_checkpointing=False, enable_progress_bar=False)
    trainer.fit(module, batches(data))
    trainer.many = [{"number": number, "value": torch.zeros(10)} for number in range(4000)]
    before = state(module, batches(data))["weights"]
    report = doctor.examine_lightning(module, batches(data))
    assert not any("no time left" in sentence for sentence in report.left_out)
    assert_same(before, state_of({"model": module})["weights"])
    assert module.trainer is trainer
