"""Faults of the two modes of a model, training and evaluation."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy, dropout

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import digits, table, usual


class Hidden(nn.Module):
    """Its dropout stands in a list that the module does not know."""

    def __init__(self, *, known: bool) -> None:
        super().__init__()
        steps = [nn.ReLU(), nn.Dropout(0.5)]
        self.steps = nn.ModuleList(steps) if known else steps
        self.first, self.head = nn.Linear(13, 48), nn.Linear(48, 3)

    def forward(self, rows):
        hidden = self.first(rows)
        for step in self.steps:
            hidden = step(hidden)
        return self.head(hidden)


@faulty("mode", "dropout-always-on")
def dropout_out_of_reach(mended):
    """The dropout layer stands in a plain list, where eval() does not find it."""
    return usual(Hidden(known=mended), nn.CrossEntropyLoss(), table("wine"))


class Attending(nn.Module):
    """Attention over the rows of an image, with dropout on its weights."""

    def __init__(self, *, switched: bool) -> None:
        super().__init__()
        self.switched = switched
        self.query, self.key, self.head = nn.Linear(8, 16), nn.Linear(8, 16), nn.Linear(64, 10)

    def forward(self, images):
        rows = images.squeeze(1)
        weights = (self.query(rows) @ self.key(rows).transpose(1, 2) / 4).softmax(2)
        weights = dropout(weights, 0.3, training=self.training) if self.switched else dropout(weights, 0.3)
        return self.head((weights @ rows).flatten(1))


@faulty("mode", "dropout-always-on")
def dropout_in_the_attention(mended):
    """``dropout(weights, 0.3)`` is on unless it is told otherwise."""
    return usual(Attending(switched=mended), nn.CrossEntropyLoss(), digits())


class Noisy(nn.Module):
    """Adds noise to its inputs against overfitting."""

    def __init__(self, *, always: bool) -> None:
        super().__init__()
        self.always, self.layers = always, nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

    def forward(self, images):
        if self.training or self.always:
            images = images + 0.5 * torch.randn_like(images)
        return self.layers(images)


@faulty("mode", "answers-random", "dropout-always-on", further=True)
def noise_at_evaluation_too(mended):
    """The noise that training adds is added at evaluation too."""
    return usual(Noisy(always=not mended), nn.CrossEntropyLoss(), digits())


@faulty("mode", "trained-in-eval-mode")
def score_taken_before_the_step(mended):
    """A helper takes a score in evaluation mode before each step, and nobody switches back."""
    rows, labels = table("wine")
    model = nn.Sequential(nn.BatchNorm1d(13), nn.Linear(13, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 3))

    def score(batch):
        model.eval()
        with torch.no_grad():
            return (model(batch[0]).argmax(1) == batch[1]).float().mean()

    def train_step(model, batch, optimizer):
        score(batch)
        if mended:
            model.train()
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.detach()

    return usual(model, nn.CrossEntropyLoss(), (rows * 7 + 20, labels), train_step=train_step)


@faulty("mode", "batchnorm-of-one-sample")
def statistics_of_single_series(mended):
    """BatchNorm1d over batches of one series takes away each series' own level, which is what tells the classes."""
    labels = torch.randint(3, (240,))
    series = torch.randn(240, 1, 12) + 2.0 * labels.view(-1, 1, 1)
    model = nn.Sequential(
        *(nn.Conv1d(1, 6, 3), nn.BatchNorm1d(6), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 3))
    )
    return usual(model, nn.CrossEntropyLoss(), (series, labels), size=24 if mended else 1)


@faulty("mode", "dropout-too-strong", further=True)
def share_to_keep_given_as_share_to_drop(mended):
    """``Dropout(0.95)`` drops 95 of 100 units; meant was to keep them."""
    drop = nn.Dropout(0.05 if mended else 0.95)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 40), nn.ReLU(), drop, nn.Linear(40, 10))
    return usual(model, nn.CrossEntropyLoss(), digits(), rate=3e-3)
