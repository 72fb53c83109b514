"""Faults of a network's making: how its weights start, and along which axis it works."""

import torch
from torch import nn

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import diabetes, digits, mlp, small_cnn, table, usual


@faulty("start", "units-start-equal")
def all_kernels_alike(mended):
    """Every kernel of a convolution holds the same number, so all channels stay copies of one."""
    model = small_cnn()
    if not mended:
        nn.init.constant_(model[0].weight, 0.05)
        nn.init.zeros_(model[0].bias)
        nn.init.constant_(model[4].weight, 0.01)
    return usual(model, nn.CrossEntropyLoss(), digits())


@faulty("start", "units-start-equal", "part-without-gradient", further=True)
def everything_starts_at_zero(mended):
    """All weights are zero: no gradient passes the last layer."""
    model = mlp(10, 24, 24, 1)
    if not mended:
        for parameter in model.parameters():
            nn.init.zeros_(parameter)
    return usual(model, nn.MSELoss(), diabetes())


@faulty("start", "layers-share-weights", further=True)
def three_times_the_same_layer(mended):
    """``[layer] * 3`` is one layer three times: its weights are shared by accident."""
    layers = [nn.Linear(16, 16) for _ in range(3)] if mended else [nn.Linear(16, 16)] * 3
    blocks = nn.Sequential(*(nn.Sequential(layer, nn.Tanh()) for layer in layers))
    model = nn.Sequential(nn.Linear(13, 16), blocks, nn.Linear(16, 3))
    return usual(model, nn.CrossEntropyLoss(), table("wine"))


@faulty("start", "start-loss-high", further=True)
def weights_start_far_too_large(mended):
    """``normal_`` without a standard deviation draws weights of size 1; the first losses are in the hundreds."""
    model = mlp(64, 64, 64, 10)
    for layer in model[::2]:
        if not mended:
            nn.init.normal_(layer.weight)
    images, labels = digits()
    return usual(model, nn.CrossEntropyLoss(), (images.flatten(1), labels), rate=1e-3)


class Experts(nn.Module):
    """Two networks whose answers a gate weighs."""

    def __init__(self, gate: nn.Module, axis: int) -> None:
        super().__init__()
        self.experts = nn.ModuleList([nn.Linear(10, 1), nn.Linear(10, 1)])
        self.gate, self.axis = gate, axis

    def forward(self, rows):
        answers = torch.stack([expert(rows) for expert in self.experts], dim=1)  # (B, 2, 1)
        weights = self.gate(rows).view(len(rows), -1, 1).softmax(dim=self.axis)  # (B, 2, 1) or (B, 1, 1)
        return (weights * answers).sum(1)


@faulty("axis", "softmax-over-one")
def gate_over_a_single_weight(mended):
    """The softmax of the gate runs over an axis of size one: its weights are 1, whatever it is shown."""
    return usual(Experts(nn.Linear(10, 2), 1 if mended else 2), nn.MSELoss(), diabetes())


@faulty("axis", "batch-mixed", further=True)
def gate_over_the_batch(mended):
    """The softmax of the gate runs over the batch: an answer depends on the other rows."""
    return usual(Experts(nn.Linear(10, 2), 1 if mended else 0), nn.MSELoss(), diabetes())


class Reader(nn.Module):
    """Reads an image row by row, and answers at its end."""

    def __init__(self, *, batch_first: bool) -> None:
        super().__init__()
        self.rnn = nn.LSTM(8, 24, batch_first=batch_first)
        self.head = nn.Linear(24, 10)

    def forward(self, images):
        return self.head(self.rnn(images.squeeze(1))[0][:, -1])


@faulty("axis", "batch-taken-for-time")
def lstm_that_runs_along_the_batch(mended):
    """An LSTM that expects time first is given the batch first."""
    return usual(Reader(batch_first=mended), nn.CrossEntropyLoss(), digits())


class Reordered(nn.Module):
    """Brings the time to the front for a recurrent network."""

    def __init__(self, *, transposed: bool) -> None:
        super().__init__()
        self.transposed = transposed
        self.rnn, self.head = nn.GRU(8, 24), nn.Linear(24, 10)

    def forward(self, images):
        rows = images.squeeze(1)  # (B, 8, 8)
        in_time = rows.transpose(0, 1) if self.transposed else rows.reshape(8, len(rows), 8)
        return self.head(self.rnn(in_time)[0][-1])


@faulty("axis", "batch-mixed", "batch-taken-for-time", "axes-reshaped", further=True)
def reshaped_where_it_should_be_transposed(mended):
    """``reshape`` to the wanted shape cuts the images up and mixes them."""
    return usual(Reordered(transposed=mended), nn.CrossEntropyLoss(), digits())


class Standardized(nn.Module):
    """Standardizes the advantages, by row or over everything."""

    def __init__(self, axis: tuple[int, ...]) -> None:
        super().__init__()
        self.axis = axis
        self.first, self.last = nn.Linear(13, 16), nn.Linear(16, 3)

    def forward(self, rows):
        hidden = self.first(rows)
        spread = hidden.std(self.axis, keepdim=True) + 1e-5
        return self.last(((hidden - hidden.mean(self.axis, keepdim=True)) / spread).relu())


@faulty("axis", "batch-mixed")
def layer_norm_over_the_batch_too(mended):
    """A hand-written layer norm takes mean and spread over the batch too."""
    return usual(Standardized((1,) if mended else (0, 1)), nn.CrossEntropyLoss(), table("wine"))
