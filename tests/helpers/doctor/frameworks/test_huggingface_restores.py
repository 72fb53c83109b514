"""After an examination a transformers Trainer and all that it holds are as they were. Needs transformers."""

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as schedules

from helpers import doctor
from tests.helpers.doctor.frameworks.trainer_programs import Network, samples, trainer, transformers
from tests.helpers.doctor.state import assert_same, state_of


class Rich(Network):
    """A network with much to put back: buffers, a frozen layer in eval mode, a hook, and what it counts."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Dropout(0.1), nn.Linear(16, 3))
        self.layers[1].eval()
        self.layers[0].bias.requires_grad_(False)
        self.layers.register_forward_hook(lambda *_: self.seen.append(1))
        self.seen = []


class Distilling(transformers.Trainer):
    """A trainer with a teacher, which counts in its own attributes."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.teacher, self.losses = Rich(), []

    def compute_loss(self, model, inputs, return_outputs=False, **_):
        result = model(**inputs)
        loss = result["loss"] + (result["logits"] - self.teacher(**inputs)["logits"].detach()).square().mean()
        self.losses.append(float(loss.detach()))
        return (loss, result) if return_outputs else loss


def state(given):
    """All that is to be put back."""
    networks = nn.ModuleDict({"model": given.model, "teacher": getattr(given, "teacher", nn.Identity())})
    return {
        **state_of({"model": networks, "optimizer": given.optimizer, "scheduler": given.lr_scheduler}),
        "attributes": {name: id(value) for name, value in vars(given).items()},
        "accelerator": {
            name: list(value) for name, value in vars(given.accelerator).items() if isinstance(value, list)
        },
        "control": dict(vars(given.control)),
        "state": {name: value for name, value in vars(given.state).items() if name != "log_history"},
        "history": list(given.state.log_history),
        "args": given.args.to_dict(),
        "callbacks": {name: id(value) for name, value in vars(given.callback_handler).items()},
        "seen": list(getattr(given.model, "seen", [])),
        "losses": list(getattr(given, "losses", [])),
        "gradients on": torch.is_grad_enabled(),
    }


def made(folder, kind, own, **options):
    model = Rich()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    optimizers = (optimizer, schedules.StepLR(optimizer, 40)) if own else (None, None)
    return trainer(folder, kind, model=model, optimizers=optimizers, eval_dataset=samples(64), **options)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("kind", [transformers.Trainer, Distilling])
def test_everything_is_put_back(tmp_path, kind, own):
    given = made(tmp_path, kind, own)
    before = state(given)
    doctor.examine_trainer(given)
    assert_same(before, state(given))
    assert list(tmp_path.iterdir()) == []


def test_a_trainer_in_the_midst_of_training_goes_on_as_if_nothing_had_been(tmp_path):
    def trained(examined):
        torch.manual_seed(3)
        given = made(tmp_path, Distilling, own=True, save_strategy="no", num_train_epochs=1, disable_tqdm=True)
        given.train()
        before = state(given)
        if examined:
            doctor.examine_trainer(given)
            assert_same(before, state(given))
        given.train()
        return state_of({"model": given.model})["weights"], given.losses

    assert_same(trained(False), trained(True))


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_after_an_exception_or_ctrl_c_too(tmp_path, error):
    class Stopping(Distilling):
        def training_step(self, *args, **options):
            loss = super().training_step(*args, **options)
            if self.state.global_step == 3:
                raise error("mine")
            return loss

    given = made(tmp_path, Stopping, own=True)
    before = state(given)
    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            doctor.examine_trainer(given)
    else:
        assert any("stopped by KeyError" in sentence for sentence in doctor.examine_trainer(given).left_out)
    assert_same(before, state(given))
