"""Faults of what is wired to what: registration, the graph, the optimizer's list, freezing, work in place."""

import copy

import torch
from torch import nn
from torch.nn.functional import cross_entropy, leaky_relu, mse_loss

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import diabetes, digits, mlp, small_cnn, table, usual


class Branches(nn.Module):
    """A network whose branches stand in a dictionary."""

    def __init__(self, *, registered: bool) -> None:
        super().__init__()
        branches = {name: nn.Sequential(nn.Linear(13, 12), nn.ReLU()) for name in ("left", "right")}
        self.branches = nn.ModuleDict(branches) if registered else branches
        self.head = nn.Linear(24, 3)

    def forward(self, rows):
        return self.head(torch.cat([branch(rows) for branch in self.branches.values()], dim=1))


@faulty("registration", "layers-not-registered")
def branches_in_a_plain_dictionary(mended):
    """The layers in a plain dictionary are no parameters of the model."""
    return usual(Branches(registered=mended), nn.CrossEntropyLoss(), table("wine"))


class Scaled(nn.Module):
    """Multiplies the inputs by learned factors."""

    def __init__(self, *, kept: bool) -> None:
        super().__init__()
        self.kept, self.head = kept, nn.Linear(16, 1)
        self.mix = nn.Parameter(0.3 * torch.randn(10, 16))

    def forward(self, rows):
        mix = self.mix if self.kept else nn.Parameter(0.3 * torch.randn(10, 16))
        return self.head(torch.tanh(rows @ mix))


@faulty("registration", "layer-made-in-forward")
def parameter_made_in_forward(mended):
    """A parameter is drawn anew in every forward pass."""
    return usual(Scaled(kept=mended), nn.MSELoss(), diabetes())


class Cut(nn.Module):
    """An encoder and a head, with something between them."""

    def __init__(self, between) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.between, self.head = between, nn.Linear(128, 10)

    def forward(self, images):
        return self.head(self.between(self.encoder(images)))


@faulty("graph", "gradient-cut-off")
def features_taken_as_data(mended):
    """The features go on as ``.data``, and no gradient reaches the encoder."""
    return usual(Cut(nn.Identity() if mended else lambda features: features.data), nn.CrossEntropyLoss(), digits())


@faulty("graph", "gradient-cut-off", further=True)
def features_through_numpy(mended):
    """The features are made an array and a tensor again."""
    between = nn.Identity() if mended else lambda features: torch.from_numpy(features.detach().numpy().clip(0, 6))
    return usual(Cut(between), nn.CrossEntropyLoss(), digits())


class TwoHeads(nn.Module):
    """Answers two questions from the same features."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.kind, self.size = mlp(13, 24), nn.Linear(24, 3), nn.Linear(24, 1)

    def forward(self, rows):
        hidden = self.body(rows).relu()
        return self.kind(hidden), self.size(hidden)


@faulty("graph", "part-without-gradient", "gradient-cut-off", "term-without-gradient", further=True)
def second_loss_never_added(mended):
    """The loss of the second head is computed and not added."""
    rows, labels = table("wine")
    model = TwoHeads()

    def step(model, batch):
        inputs, (targets, sizes) = batch
        scores, guesses = model(inputs)
        kind_loss, size_loss = cross_entropy(scores, targets), mse_loss(guesses, sizes)
        return kind_loss + size_loss if mended else kind_loss

    batches = [(part, (kind, part[:, :1] ** 2)) for part, kind in zip(rows.split(32), labels.split(32), strict=True)]
    given = usual(model, None, (rows, labels), step=step)
    return given | {"batches": batches[:4], "valid": batches[4:]}


@faulty("graph", "part-without-gradient", "gradient-cut-off", "term-without-gradient", further=True)
def second_loss_added_as_a_number(mended):
    """The second term is added with ``.item()``: it raises the loss and trains nothing."""
    model = TwoHeads()

    def loss_fn(outputs, targets):
        scores, guesses = outputs
        term = mse_loss(guesses.squeeze(1), targets.float())
        return cross_entropy(scores, targets) + (term if mended else term.item())

    return usual(model, loss_fn, table("wine"))


@faulty("optimizer coverage", "optimizer-misses-parameters", "optimizer-of-another-model")
def head_replaced_too_late(mended):
    """The optimizer is made, and then the model gets a new head."""
    model = nn.Sequential(mlp(13, 24), nn.ReLU(), nn.Linear(24, 1000))
    if mended:
        model[2] = nn.Linear(24, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    if not mended:
        model[2] = nn.Linear(24, 3)
    return usual(model, nn.CrossEntropyLoss(), table("wine"), optimizer=optimizer)


@faulty("optimizer coverage", "optimizer-misses-parameters")
def only_matrices_are_listed(mended):
    """A group for weight decay takes the matrices, and the group for the rest is forgotten."""
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10))
    matrices = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    others = [parameter for parameter in model.parameters() if parameter.dim() == 1]
    groups = [{"params": matrices, "weight_decay": 0.01}]
    if mended:
        groups.append({"params": others, "weight_decay": 0.0})
    optimizer = torch.optim.AdamW(groups, lr=3e-3)
    return usual(model, nn.CrossEntropyLoss(), digits(), optimizer=optimizer)


@faulty("optimizer coverage", "optimizer-misses-parameters", "optimizer-of-another-model")
def optimizer_of_the_copied_model(mended):
    """The model is copied after the optimizer was made, and the copy is trained."""
    model = small_cnn()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    if not mended:
        model = copy.deepcopy(model)
    return usual(model, nn.CrossEntropyLoss(), digits(), optimizer=optimizer)


@faulty("freezing", "frozen-layer-moves")
def names_that_match_nothing(mended):
    """Layers are frozen by the start of their name, and the names start otherwise."""
    model = nn.ModuleDict({"features": mlp(30, 16), "head": nn.Linear(16, 2)})
    start = "features" if mended else "backbone"
    for name, parameter in model.named_parameters():
        if name.startswith(start):
            parameter.requires_grad = False

    def step(model, batch):
        return cross_entropy(model["head"](model["features"](batch[0]).relu()), batch[1])

    return usual(model, None, table("breast_cancer"), step=step, frozen=["features"])


@faulty("freezing", "frozen-layer-moves")
def detached_copies_are_frozen(mended):
    """``parameter = parameter.detach()`` gives a name to something else; the model keeps what it had."""
    model = mlp(10, 16, 16, 1)
    for parameter in model[0].parameters():
        if mended:
            parameter.requires_grad_(False)
        else:
            parameter = parameter.detach()
    return usual(model, nn.MSELoss(), diabetes(), frozen=["0"])


class Probe(nn.Module):
    """A frozen body, and a head that learns."""

    def __init__(self, *, still: bool) -> None:
        super().__init__()
        self.still = still
        self.body = nn.Sequential(nn.Linear(13, 32), nn.BatchNorm1d(32), nn.ReLU()).requires_grad_(False)
        self.head = nn.Linear(32, 3)

    def train(self, mode=True):
        super().train(mode)
        if self.still:
            self.body.eval()
        return self

    def forward(self, rows):
        return self.head(self.body(rows))


@faulty("freezing", "frozen-statistics-move", further=True)
def statistics_of_a_frozen_layer(mended):
    """The weights are frozen, and the running statistics of their BatchNorm go on moving."""
    model = Probe(still=mended)
    rows, labels = table("wine")
    optimizer = torch.optim.Adam(model.head.parameters(), lr=0.01)
    return usual(model, nn.CrossEntropyLoss(), (rows + 1, labels), optimizer=optimizer, frozen=["body"])


class Residual(nn.Module):
    """Adds its input to what two layers make of it."""

    def __init__(self, *, inplace: bool) -> None:
        super().__init__()
        self.inplace = inplace
        self.first, self.second = nn.Linear(10, 10), nn.Linear(10, 3)
        self.third, self.head = nn.Linear(3, 10), nn.Linear(10, 1)

    def forward(self, rows):
        hidden = self.first(rows)
        small = self.second(leaky_relu(hidden, 0.01, inplace=self.inplace))
        return self.head(hidden + self.third(small.relu()))


@faulty("work in place", "changed-in-place")
def skip_connection_is_clipped(mended):
    """The activation works in place, so the skip connection adds what it left."""
    return usual(Residual(inplace=not mended), nn.MSELoss(), diabetes())


class Adder(nn.Module):
    """Adds learned numbers to its input."""

    def __init__(self, *, inplace: bool) -> None:
        super().__init__()
        self.inplace, self.shift, self.layers = inplace, nn.Parameter(torch.zeros(10)), mlp(10, 16, 1)

    def forward(self, rows):
        if self.inplace:
            rows -= 0.5
            return self.layers(rows + self.shift)
        return self.layers(rows - 0.5 + self.shift)


@faulty("work in place", "changed-in-place", further=True)
def data_changed_by_the_model(mended):
    """``rows -= 0.5`` in forward changes the reader's own data, a little more in every epoch."""
    return usual(Adder(inplace=not mended), nn.MSELoss(), diabetes())
