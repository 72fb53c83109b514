"""Lightning's own loop under the doctor. Needs Lightning, which is a peer of the benchmarks: .venv-bench has it."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers import doctor

lightning = pytest.importorskip("lightning", reason="Lightning is not installed here; .venv-bench has it")


def network(extra=None):
    """A classifier of three classes; ``extra`` changes its scores."""

    class Network(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))

        def training_step(self, batch, _number):
            inputs, labels = batch
            scores = self.layers(inputs)
            loss = F.cross_entropy(extra(scores) if extra else scores, labels)
            self.log("loss", loss)
            return loss

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=1e-2)

    return Network()


def batches():
    x = torch.randn(128, 6)
    data = torch.utils.data.TensorDataset(x, x[:, :3].argmax(1))
    return torch.utils.data.DataLoader(data, batch_size=16, shuffle=True)


def causes(report, grade="fault"):
    return [finding.cause for finding in report if finding.grade == grade]


def test_a_right_module_is_healthy_and_left_as_it_was():
    module = network()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    random = torch.get_rng_state()
    report = doctor.examine_lightning(module, batches_like(random))
    assert causes(report) == []
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert not module._forward_hooks
    assert all(parameter.grad is None for parameter in module.parameters())


def batches_like(state):
    torch.set_rng_state(state)
    return batches()


def test_accumulation_and_clipping_by_the_trainer_are_right():
    assert causes(doctor.examine_lightning(network(), batches(), accumulate=3, clip=0.5)) == []


def test_a_datamodule_is_read():
    class Data(lightning.LightningDataModule):
        def train_dataloader(self):
            return batches()

        def val_dataloader(self):
            return batches()

    assert causes(doctor.examine_lightning(network(), Data())) == []


def test_manual_optimization_that_never_clears():
    class Manual(type(network())):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False

        def training_step(self, batch, number):
            optimizer = self.optimizers()
            self.manual_backward(super().training_step(batch, number))
            optimizer.step()

    assert causes(doctor.examine_lightning(Manual(), batches())) == ["zero-grad-missing"]


def test_a_frozen_part_that_moves():
    assert causes(doctor.examine_lightning(network(), batches(), frozen=["layers.0"])) == ["frozen-layer-moves"]
