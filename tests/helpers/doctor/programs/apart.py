"""Faults of kinds and forms that no program before has; no check was changed after a look at them: 4 of 12 named."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.func import functional_call, stack_module_state
from torch.nn.functional import (
    cross_entropy,
    ctc_loss,
    margin_ranking_loss,
    mse_loss,
    normalize,
)

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import diabetes, digits, in_batches, mlp, table, text, usual

LEVELS = 20


class Denoiser(nn.Module):
    """Finds the noise in a noisy image of a known level, (B, 64) and (B,)."""

    def __init__(self) -> None:
        super().__init__()
        self.levels, self.first, self.last = nn.Embedding(LEVELS, 32), nn.Linear(64, 32), nn.Linear(32, 64)

    def forward(self, noisy, level):
        return self.last((self.first(noisy) + self.levels(level)).relu())


def noisy(images, level, noise):
    kept = (1 - (level + 0.5) / LEVELS)[:, None]
    return kept.sqrt() * images + (1 - kept).sqrt() * noise


@faulty("generative", "label-without-information", "target-is-random", fresh=True)
def noise_drawn_once_more(mended):
    """The noise that is to be found is drawn anew, and is not that which was added."""

    def step(model, batch):
        images, level = batch[0].flatten(1), torch.randint(0, LEVELS, (len(batch[0]),))
        noise = torch.randn_like(images)
        wanted = noise if mended else torch.randn_like(images)
        return mse_loss(model(noisy(images, level, noise), level), wanted)

    return usual(Denoiser(), None, digits(), step=step, rate=3e-3)


@faulty("generative", "input-part-ignored", "part-without-gradient", fresh=True)
def level_of_noise_never_told(mended):
    """Images of all levels of noise come in, and the network is always told level 0."""

    def step(model, batch):
        images, level = batch[0].flatten(1), torch.randint(0, LEVELS, (len(batch[0]),))
        noise = torch.randn_like(images)
        told = level if mended else torch.zeros_like(level)
        return mse_loss(model(noisy(images, level, noise), told), noise)

    return usual(Denoiser(), None, digits(), step=step, rate=3e-3)


class Speller(nn.Module):
    """Spells a row of images: (B, T, 64) -> (T, B, classes) of logarithms."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = mlp(64, 32, classes)

    def forward(self, rows):
        return self.layers(rows).log_softmax(2).transpose(0, 1)


@faulty("sequence", "targets-out-of-range", "blank-among-targets", fresh=True)
def blank_that_is_a_digit_too(mended):
    """ctc_loss takes class 0 for the blank, and 0 is also a digit that is to be read."""
    images, labels = digits(1280)
    rows, words = images.reshape(-1, 4, 64), labels.reshape(-1, 4)
    rows = rows.repeat_interleave(2, 1)  # (N, 8, 64), two looks at each digit

    def loss_fn(scores, targets):
        steps, count, _ = scores.shape
        lengths = torch.full((count,), steps), torch.full((count,), targets.shape[1])
        return ctc_loss(scores, targets + 1 if mended else targets, *lengths, blank=0, zero_infinity=True)

    return usual(Speller(11 if mended else 10), loss_fn, (rows, words))


@faulty("loss contract", "output-cannot-reach-target", "temperature-inverted", fresh=True)
def temperature_multiplied(mended):
    """Cosines are multiplied by a temperature of 0.07 where they should be divided: all pairs look alike."""

    def step(model, batch):
        images = batch[0].flatten(1)
        views = [normalize(model(images + 0.1 * torch.randn_like(images)), dim=1) for _ in range(2)]
        cosines = views[0] @ views[1].T
        return cross_entropy(cosines / 0.07 if mended else cosines * 0.07, torch.arange(len(images)))

    return usual(mlp(64, 64, 32), None, digits(), step=step, rate=3e-3)


class Adapted(nn.Module):
    """A frozen layer with a small change of low rank beside it."""

    def __init__(self, *, random: bool) -> None:
        super().__init__()
        self.base, self.head = nn.Linear(30, 16).requires_grad_(False), nn.Linear(16, 2).requires_grad_(False)
        self.down = nn.Parameter(0.2 * torch.randn(30, 4) if random else torch.zeros(30, 4))
        self.up = nn.Parameter(torch.zeros(4, 16))

    def forward(self, rows):
        return self.head((self.base(rows) + rows @ self.down @ self.up).relu())


@faulty("start", "part-without-gradient", "units-start-equal", "weights-do-not-move", "nothing-moves", fresh=True)
def both_factors_start_at_zero(mended):
    """Of a product of two factors that are both zero, neither has a gradient."""
    model = Adapted(random=mended)
    optimizer = torch.optim.Adam([model.down, model.up], lr=0.01)
    return usual(model, nn.CrossEntropyLoss(), table("breast_cancer"), optimizer=optimizer, frozen=["base", "head"])


class Experts(nn.Module):
    """Sends each row to one of three layers."""

    def __init__(self, *, weighed: bool) -> None:
        super().__init__()
        self.weighed, self.gate = weighed, nn.Linear(13, 3)
        self.experts = nn.ModuleList(mlp(13, 8, 3) for _ in range(3))

    def forward(self, rows):
        share, chosen = self.gate(rows).softmax(1).max(1)
        answers = torch.stack([expert(rows) for expert in self.experts], 1)  # (B, 3, classes)
        answer = answers[torch.arange(len(rows)), chosen]
        return answer * share[:, None] if self.weighed else answer


@faulty("graph", "gradient-cut-off", "part-without-gradient", "weights-do-not-move", fresh=True)
def gate_that_only_points(mended):
    """The gate's choice is a number, and its share is not used: the gate never learns whom to choose."""
    return usual(Experts(weighed=mended), nn.CrossEntropyLoss(), table("wine"))


@dataclass
class Reply:
    """What a model of the hub's form returns."""

    loss: torch.Tensor
    logits: torch.Tensor


class Hub(nn.Module):
    """Takes its batch by name, shifts the labels itself and leaves out those of -100."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.rnn, self.head = nn.Embedding(28, 16), nn.GRU(16, 32, batch_first=True), nn.Linear(32, 28)

    def forward(self, input_ids, labels):
        logits = self.head(self.rnn(self.embedding(input_ids))[0])
        loss = cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)
        return Reply(loss, logits)


@faulty("sequence", "padding-in-loss", fresh=True)
def labels_that_keep_their_padding(mended):
    """A batch by name in which the padded places of the labels are not set to -100."""
    rows = text()
    lengths = torch.randint(4, 9, (len(rows),))
    rows[torch.arange(rows.shape[1]) >= lengths[:, None]] = 27
    labels = rows.clone()
    if mended:
        labels[torch.arange(rows.shape[1]) > lengths[:, None]] = -100
    model = Hub()
    batches = [{"input_ids": x, "labels": y} for x, y in in_batches(rows, labels, 16)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)

    def step(model, batch):
        return model(**batch).loss

    return {"model": model, "loss_fn": None, "step": step, "batches": batches, "optimizer": optimizer}


class Trained(nn.Module):
    """A module that knows its own training step, as in trainers that take one."""

    def __init__(self, *, kept: bool) -> None:
        super().__init__()
        self.kept, self.net, self.batch = kept, mlp(13, 16, 3), None

    def forward(self, rows):
        return self.net(rows)

    def training_step(self, batch):
        if self.batch is None or not self.kept:
            self.batch = batch
        rows, labels = self.batch
        return cross_entropy(self(rows), labels)


@faulty("data", "samples-repeat", "loss-ignores-batch", fresh=True)
def first_batch_kept_in_the_module(mended):
    """The step keeps its first batch to look at it, and trains on that one ever after."""

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = model.training_step(batch)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return usual(Trained(kept=not mended), None, table("wine"), train_step=train_step)


@faulty("data", "label-in-inputs", fresh=True)
def window_that_holds_its_own_end(mended):
    """A window of a series has one step too many: the value to forecast is its last one."""
    series = torch.cumsum(torch.randn(420), 0)
    series = (series - series.mean()) / series.std()
    windows = series.unfold(0, 13, 1)
    windows = windows[torch.randperm(len(windows))]
    inputs = windows[:, :-1] if mended else windows[:, 1:]
    return usual(mlp(12, 16, 1), nn.MSELoss(), (inputs, windows[:, -1:]), valid=None)


@faulty("loss contract", "loss-grows-towards-truth", fresh=True)
def better_one_named_second(mended):
    """margin_ranking_loss gets 1 where the first is better, and here the second is: the ranking turns round."""
    rows, course = diabetes()

    def step(model, batch):
        scores = model(batch[0])[:, 0]
        first, second = torch.triu_indices(len(scores), len(scores), 1)
        better = (batch[1][first, 0] - batch[1][second, 0]).sign()
        return margin_ranking_loss(scores[first], scores[second], better if mended else -better, margin=0.1)

    return usual(mlp(10, 16, 1), None, (rows, course), step=step)


@faulty("optimizer", "optimizer-of-another-model", "optimizer-misses-parameters", "nothing-moves", fresh=True)
def ensemble_stacked_and_forgotten(mended):
    """Several networks are stacked to run at once, and the optimizer holds those that they were copied from."""
    members = nn.ModuleList(mlp(13, 12, 3) for _ in range(4))

    class Ensemble(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            stacked = stack_module_state(list(members))[0]
            self.names = list(stacked)
            self.stacked = nn.ParameterList(stacked[name] for name in self.names)

        def forward(self, rows):
            every = dict(zip(self.names, self.stacked, strict=True))
            answers = [functional_call(members[0], {n: p[k] for n, p in every.items()}, (rows,)) for k in range(4)]
            return torch.stack(answers).mean(0)

    model = Ensemble()
    learning = model.parameters() if mended else members.parameters()
    optimizer = torch.optim.Adam(learning, lr=0.01)
    return usual(model, nn.CrossEntropyLoss(), table("wine"), optimizer=optimizer)


@faulty("rates", "weights-do-not-move", "nothing-moves", fresh=True)
def steps_below_the_last_bit(mended):
    """Weights of half precision at a small rate: each step is less than their last bit, and is rounded away."""
    rows, course = diabetes()
    kind = torch.float32 if mended else torch.bfloat16
    model = mlp(10, 32, 1).to(kind)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    return usual(model, nn.MSELoss(), (rows.to(kind), course.to(kind)), optimizer=optimizer)
