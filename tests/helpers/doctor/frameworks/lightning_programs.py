"""A small classifier as a LightningModule, and its data: what the tests change parts of."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.helpers.doctor.frameworks.peers import peer

lightning = peer("lightning")


class Network(lightning.LightningModule):
    """A classifier of three classes; ``configure`` takes its parameters and returns what configure_optimizers does."""

    def __init__(self, configure=None, extra=None):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
        self.configure, self.extra = configure, extra

    def loss(self, batch):
        inputs, labels = batch
        scores = self.layers(inputs)
        return F.cross_entropy(self.extra(scores) if self.extra else scores, labels)

    def training_step(self, batch, _number):
        loss = self.loss(batch)
        self.log("loss", loss)
        return loss

    def validation_step(self, batch, _number):
        scores = self.layers(batch[0])
        self.log("valid_loss", F.cross_entropy(scores, batch[1]))
        self.log("valid_accuracy", (scores.argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self):
        return self.configure(self) if self.configure else torch.optim.Adam(self.parameters(), lr=1e-2)


class ByHand(Network):
    """The same with manual optimization; ``each`` is called after each step."""

    def __init__(self, configure=None, each=None):
        super().__init__(configure)
        self.automatic_optimization, self.each = False, each

    def training_step(self, batch, number):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(super().training_step(batch, number))
        optimizer.step()
        if self.each:
            self.each(self)


def samples(count=128):
    """Points and the largest of their first three numbers."""
    inputs = torch.randn(count, 6)
    return torch.utils.data.TensorDataset(inputs, inputs[:, :3].argmax(1))


def batches(dataset=None):
    """A loader of them."""
    return torch.utils.data.DataLoader(dataset or samples(), batch_size=16, shuffle=True)


class Data(lightning.LightningDataModule):
    """Training and validation sets; ``valid`` is one of one's own, ``many`` returns it in a list."""

    def __init__(self, valid=None, many=False):
        super().__init__()
        self.valid, self.many = valid, many

    def setup(self, stage):
        assert stage == "fit"
        self.train_set = samples()
        self.valid = self.valid or samples(64)

    def train_dataloader(self):
        return batches(self.train_set)

    def val_dataloader(self):
        loader = torch.utils.data.DataLoader(self.valid, batch_size=16)
        return [loader] if self.many else loader
