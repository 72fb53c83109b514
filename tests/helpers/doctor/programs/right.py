"""Right programs that look wrong."""

import copy

import torch
from torch import nn
from torch.nn.functional import cosine_similarity, cross_entropy, dropout, mse_loss, normalize
from torch.nn.utils import clip_grad_norm_

from tests.helpers.doctor.programs.listing import right
from tests.helpers.doctor.programs.pieces import (
    diabetes,
    digits,
    in_batches,
    mlp,
    next_character,
    small_cnn,
    table,
    text,
    usual,
)


@right("zero_grad missing")
def parts_added_up_by_a_counter():
    """A step of the optimizer at every fourth call, with the loss divided by four."""
    model, calls = small_cnn(), []

    def train_step(model, batch, optimizer):
        loss = cross_entropy(model(batch[0]), batch[1])
        (loss / 4).backward()
        calls.append(1)
        if len(calls) % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
        return loss.detach()

    return usual(model, cross_entropy, digits(320), size=16, train_step=train_step, accumulate=4)


@right("layers do not move")
def only_the_biases_learn():
    """Everything but the biases is frozen on purpose."""
    model = mlp(13, 96, 3)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.endswith("bias"))
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    frozen = ["0.weight", "2.weight"]
    return usual(model, cross_entropy, table("wine"), optimizer=torch.optim.Adam(learning, lr=0.1), frozen=frozen)


@right("equal weights")
def residual_branch_starts_at_zero():
    """The last layer of a residual branch starts at zero, so that the block begins as what it adds to."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.inner, self.outer = nn.Linear(13, 16), nn.Linear(16, 16), nn.Linear(16, 16)
            self.head = nn.Linear(16, 3)
            nn.init.zeros_(self.outer.weight)
            nn.init.zeros_(self.outer.bias)

        def forward(self, rows):
            hidden = self.first(rows)
            return self.head(hidden + self.outer(self.inner(hidden).relu()))

    return usual(Block(), nn.CrossEntropyLoss(), table("wine"))


@right("batch mixed")
def pairs_in_a_batch():
    """Each image's noisy view is to be found among those of the batch."""
    model = mlp(64, 32, 8)

    def step(model, batch):
        flat = batch[0].flatten(1)
        first, second = (normalize(model(flat + 0.3 * torch.randn_like(flat))) for _ in range(2))
        return cross_entropy(first @ second.T / 0.2, torch.arange(len(flat)))

    return usual(model, None, digits(), step=step, valid=None)


@right("sigmoid on the output")
def shares_as_targets():
    """Targets are pixels from 0 to 1, so a sigmoid and the mean squared error fit."""
    images, _ = digits()
    shares = (images * 0.376 + 0.305).clamp(0, 1).flatten(1)
    return usual(nn.Sequential(mlp(64, 32, 64), nn.Sigmoid()), nn.MSELoss(), (shares, shares.clone()))


@right("softmax in the model")
def log_softmax_and_nll():
    """log_softmax in the model and nll_loss are cross-entropy."""
    model = nn.Sequential(mlp(13, 16, 3), nn.LogSoftmax(dim=1))
    return usual(model, nn.NLLLoss(), table("wine"))


@right("not shuffled")
def series_in_its_order():
    """Batches of a time series come in their order; the model has no state, and the order does no harm."""
    series = torch.sin(torch.arange(420) * 0.25) + 0.1 * torch.randn(420)
    windows = series.unfold(0, 13, 1)
    return usual(mlp(12, 16, 1), nn.MSELoss(), (windows[:, :12], windows[:, 12:]), size=34)


@right("loss below zero")
def likelihood_of_a_narrow_normal():
    """The loss is a negative log-density, which is below zero where the density is above one."""

    def loss_fn(outputs, targets):
        mean, log_spread = outputs.chunk(2, 1)
        return (log_spread + 0.5 * ((targets - mean) / log_spread.exp()).square()).mean()

    rows, _ = diabetes()
    return usual(mlp(10, 16, 2), loss_fn, (rows, rows[:, :1] * 0.2 + 0.01 * torch.randn(442, 1)), rate=3e-3)


@right("loss below zero")
def cosine_to_be_maximized():
    """The loss is a negative likeness: it ends at -1."""
    states = torch.randn(256, 6)
    wanted = states @ torch.randn(6, 6)
    return usual(mlp(6, 24, 6), lambda outputs, targets: -cosine_similarity(outputs, targets).mean(), (states, wanted))


@right("looks both ways")
def tags_read_from_both_sides():
    """A tag depends on both neighbours; a bidirectional network is right, since its targets are not its inputs."""

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(8, 12)
            self.rnn, self.head = nn.GRU(12, 16, batch_first=True, bidirectional=True), nn.Linear(32, 2)

        def forward(self, tokens):
            return self.head(self.rnn(self.embedding(tokens))[0]).transpose(1, 2)

    tokens = torch.randint(8, (192, 10))
    tags = ((tokens.roll(1, 1) < tokens) & (tokens.roll(-1, 1) < tokens)).long()
    return usual(Tagger(), nn.CrossEntropyLoss(), (tokens, tags))


@right("loss starts high")
def regression_far_from_zero():
    """Targets around 150 make the first losses tens of thousands; the bias starts at their mean."""
    rows, course = diabetes()
    model = mlp(10, 16, 1)
    with torch.no_grad():
        model[2].bias.fill_(140.0)
    return usual(model, nn.MSELoss(), (rows, course * 77 + 152), rate=0.05)


@right("dropout at evaluation")
def chance_asked_many_times():
    """Dropout stays on at evaluation on purpose, and the answer is a mean of 16: the program says so."""

    class Uncertain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(30, 32), nn.Linear(32, 2)

        def forward(self, rows):
            return self.last(dropout(self.first(rows).relu(), 0.1, training=True))

    given = usual(Uncertain(), nn.CrossEntropyLoss(), table("breast_cancer"))
    return given | {"expected": ["dropout-always-on", "answers-random"]}


@right("gradients shrink")
def clipped_to_one():
    """Gradients are clipped to a norm of 1, which shortens the first steps and few of the later ones."""
    rows, course = diabetes()
    model = mlp(10, 24, 1)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = mse_loss(model(batch[0]), batch[1])
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss.detach()

    return usual(model, mse_loss, (rows, course), train_step=train_step)


@right("shared weights")
def one_layer_applied_three_times():
    """A recurrent step written by hand: the same cell at each row of the image, on purpose."""

    class Cell(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.head = nn.GRUCell(8, 24), nn.Linear(24, 10)

        def forward(self, images):
            state = images.new_zeros(len(images), 24)
            for row in images.squeeze(1).unbind(1):
                state = self.cell(row, state)
            return self.head(state)

    return usual(Cell(), nn.CrossEntropyLoss(), digits())


@right("imbalance")
def one_in_five_and_easy():
    """One class in five, well told apart: no weights are needed."""
    labels = (torch.rand(480) < 0.2).long()
    rows = torch.randn(480, 6) + 2.0 * labels.unsqueeze(1)
    return usual(mlp(6, 12, 2), nn.CrossEntropyLoss(), (rows, labels))


@right("target and model agree")
def slow_copy_of_a_young_model():
    """The slow copy of the weights equals the model at the start, and follows it from the first step on."""
    model = mlp(64, 24, 10)
    target = copy.deepcopy(model).requires_grad_(False)

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0].flatten(1)), batch[1])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(target.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 0.01)
        return loss.detach()

    return usual(model, None, digits(), train_step=train_step, target=target, valid=None)


@right("language model")
def characters_by_a_tied_network():
    """Input and output embedding of a language model are one matrix, on purpose."""

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.rnn = nn.Embedding(28, 24), nn.LSTM(24, 24, batch_first=True)
            self.head = nn.Linear(24, 28)
            self.head.weight = self.embedding.weight

        def forward(self, characters):
            return self.head(self.rnn(self.embedding(characters))[0])

    characters = text()
    return usual(Tied(), next_character, (characters[:, :-1], characters[:, 1:]), rate=3e-3)


@right("same order")
def whole_set_in_one_batch():
    """Every step sees all rows in one batch, so the order is the same, and says nothing."""
    rows, labels = table("iris")
    return usual(
        mlp(4, 16, 3), nn.CrossEntropyLoss(), (rows, labels), batches=in_batches(rows[:120], labels[:120], 120)
    )
