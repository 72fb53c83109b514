"""Lightning's own loop under the doctor. Needs Lightning, which is a peer of the benchmarks: .venv-bench has it."""

import pytest
import torch
from torch import nn

from helpers import doctor
from tests.helpers.doctor.frameworks.lightning_programs import ByHand, Data, Network, batches, samples
from tests.helpers.doctor.frameworks.peers import causes


def batches_in_order(dataset):
    return torch.utils.data.DataLoader(dataset, batch_size=16)


def test_a_right_module_is_healthy():
    assert causes(doctor.examine_lightning(Network(), batches())) == []


def test_accumulation_and_clipping_by_the_trainer_are_right():
    assert causes(doctor.examine_lightning(Network(), batches(), accumulate=3, clip=0.5)) == []


def test_softmax_before_the_loss():
    found = causes(doctor.examine_lightning(Network(extra=lambda scores: scores.softmax(1)), batches()))
    assert found == ["softmax-before-cross-entropy"]


@pytest.mark.parametrize("many", [False, True])
def test_training_and_validation_of_a_datamodule_are_compared(many):
    assert causes(doctor.examine_lightning(Network(), Data(many=many))) == []

    class Overlapping(Data):
        def setup(self, stage):
            super().setup(stage)
            self.valid = torch.utils.data.Subset(self.train_set, range(40))

    assert causes(doctor.examine_lightning(Network(), Overlapping(many=many))) == ["valid-overlaps-train"]


def test_validation_that_is_scaled_otherwise():
    inputs, labels = samples(64).tensors
    report = doctor.examine_lightning(Network(), Data(torch.utils.data.TensorDataset(255 * inputs, labels)))
    assert causes(report) == ["valid-scaled-otherwise"]


def test_several_loaders_of_validation_are_all_run_and_the_first_is_compared():
    class Twice(Data):
        def __init__(self, form):
            super().__init__()
            self.form = form

        def val_dataloader(self):
            return self.form(super().val_dataloader())

    class Asked(Network):
        def validation_step(self, batch, number, dataloader_idx):
            assert dataloader_idx in (0, 1)
            super().validation_step(batch, number)

    for form in (lambda loader: [loader, loader], lambda loader: {"near": loader, "far": loader}):
        report = doctor.examine_lightning(Asked(), Twice(form))
        assert causes(report) == []
        assert not any("stopped" in sentence for sentence in report.left_out), report.left_out


def test_an_endless_training_set():
    class Endless(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(samples())

    assert causes(doctor.examine_lightning(Network(), batches_in_order(Endless()))) == []


def test_manual_optimization_that_never_clears():
    class Manual(ByHand):
        def training_step(self, batch, _number):
            optimizer = self.optimizers()
            self.manual_backward(self.loss(batch))
            optimizer.step()

    report = doctor.examine_lightning(Manual(), batches())
    assert causes(report) == ["zero-grad-missing"]
    assert sum("steps by hand" in sentence for sentence in report.left_out) == 1


def test_several_optimizers_by_hand_are_watched():
    class Two(ByHand):
        def training_step(self, batch, _number):
            for optimizer in self.optimizers():
                optimizer.zero_grad()
            self.manual_backward(self.loss(batch))
            for optimizer in self.optimizers():
                optimizer.step()

    def configure(module):
        return [torch.optim.Adam(module.layers[place].parameters(), lr=1e-2) for place in (0, 2)]

    assert causes(doctor.examine_lightning(Two(configure), batches())) == []


def test_a_frozen_part_that_moves():
    assert causes(doctor.examine_lightning(Network(), batches(), frozen=["layers.0"])) == ["frozen-layer-moves"]


def test_a_step_may_ask_its_trainer_and_return_a_dict():
    class Asking(Network):
        def training_step(self, batch):
            assert self.trainer.max_epochs != 0
            rate = self.trainer.optimizers[0].param_groups[0]["lr"]
            self.log_dict({"rate": rate, "epoch": self.trainer.current_epoch})
            return {"scores": self.layers(batch[0]).detach(), "loss": self.loss(batch)}

    report = doctor.examine_lightning(Asking(), batches())
    assert causes(report) == []
    assert not any("stopped" in sentence for sentence in report.left_out)


def two_optimizers(module):
    return [torch.optim.Adam(module.parameters()), torch.optim.SGD(module.parameters())]


class Silent(Network):
    def training_step(self, batch, _number):
        return {"scores": self.layers(batch[0])}


@pytest.mark.parametrize(
    ("module", "data", "sentence"),
    [
        (lambda: nn.Linear(1, 1), batches, "expected a LightningModule, got Linear"),
        (lambda: Network(two_optimizers), batches, "expected one optimizer from configure_optimizers, got 2"),
        (lambda: Network(lambda _: 3), batches, "to return an optimizer of torch.optim, got int"),
        (lambda: Network(lambda _: [].pop()), batches, "cannot begin to train this module: IndexError"),
        (Silent, batches, "expected training_step to return the loss, .* got a dict of scores"),
        (Network, lambda: [batches(), batches()], "expected one loader as training batches, got 2"),
        (Network, lambda: 3, "expected a LightningDataModule, a DataLoader or a list of batches .* got int"),
        (Network, list, "expected at least one batch, got none"),
    ],
)
def test_what_cannot_be_examined_is_answered_in_a_sentence(module, data, sentence):
    with pytest.raises(doctor.ProgramError, match=sentence):
        doctor.examine_lightning(module(), data())
