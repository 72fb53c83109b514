"""Faults of further kinds, measured before any check was changed after a look at them: then 9 of 22 were named."""

import copy

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss, nll_loss

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import (
    CHARACTERS,
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


@faulty("graph", "gradient-cut-off", unseen=True)
def best_class_in_the_loss(mended):
    """The loss is taken of the argmax, which has no gradient; requires_grad_ only silences the error."""
    rows, labels = table("wine")

    def loss_fn(scores, targets):
        if mended:
            return cross_entropy(scores, targets)
        return mse_loss(scores.argmax(1).float().requires_grad_(), targets.float())

    return usual(mlp(13, 16, 3), loss_fn, (rows, labels))


class Coarse(nn.Module):
    """Rounds its features to whole numbers."""

    def __init__(self, *, straight: bool) -> None:
        super().__init__()
        self.straight, self.first, self.last = straight, nn.Linear(30, 16), nn.Linear(16, 2)

    def forward(self, rows):
        features = 2 * self.first(rows)
        rounded = features.round()
        return self.last(features + (rounded - features).detach() if self.straight else rounded)


@faulty("graph", "gradient-cut-off", "part-without-gradient", unseen=True)
def rounded_on_the_way(mended):
    """Features are rounded, and the gradient of rounding is zero: nothing before it learns."""
    return usual(Coarse(straight=mended), nn.CrossEntropyLoss(), table("breast_cancer"))


@faulty("imbalance", "class-weights-inverted", unseen=True)
def share_of_positives_as_their_weight(mended):
    """pos_weight is positives by negatives: the rare class, which should count more, counts least."""
    rows, labels = table("wine")
    rare = torch.cat([torch.nonzero(labels != 2)[:, 0], torch.nonzero(labels == 2)[:14, 0]])
    rare = rare[torch.randperm(len(rare))]
    wanted = (labels[rare] == 2).float().unsqueeze(1)
    share = wanted.sum() / (1 - wanted).sum()
    loss_fn = nn.BCEWithLogitsLoss(pos_weight=1 / share if mended else share)
    return usual(mlp(13, 16, 1), loss_fn, (rows[rare] + 0.8 * torch.randn(len(rare), 13), wanted))


class Colored(nn.Module):
    """Takes pictures with their colors last, as they are read from files."""

    def __init__(self, *, moved: bool) -> None:
        super().__init__()
        self.moved = moved
        self.layers = nn.Sequential(
            nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12 * 16, 10)
        )

    def forward(self, pictures):
        first = pictures.movedim(3, 1) if self.moved else pictures.reshape(-1, 3, 8, 8)
        return self.layers(first)


@faulty("axis", "axes-reshaped", unseen=True)
def colors_brought_forward_by_reshape(mended):
    """(B, H, W, C) becomes (B, C, H, W) by reshape, which tears rows and colors apart."""
    images, labels = digits()
    tints = 0.2 + 0.8 * torch.rand(len(images), 3, 1, 1)
    pictures = (images * tints).movedim(1, 3)
    return usual(Colored(moved=mended), nn.CrossEntropyLoss(), (pictures, labels))


@faulty("axis", "axes-reshaped", "loss-broadcasts", unseen=True)
def scores_viewed_as_classes_first(mended):
    """Scores (B, T, V) are brought to (B, V, T) with view: places and characters are mixed up."""
    count = len(CHARACTERS)

    class Guess(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.rnn = nn.Embedding(count, 16), nn.GRU(16, 32, batch_first=True)
            self.head = nn.Linear(32, count)

        def forward(self, characters):
            return self.head(self.rnn(self.embedding(characters))[0])

    def loss_fn(scores, targets):
        batch, steps, classes = scores.shape
        return cross_entropy(scores.transpose(1, 2) if mended else scores.view(batch, classes, steps), targets)

    characters = text()
    return usual(Guess(), loss_fn, (characters[:, :-1], characters[:, 1:]))


class Placed(nn.Module):
    """Adds places to embedded tokens, and asks a Transformer."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis, self.embedding = axis, nn.Embedding(12, 16)
        waves = torch.arange(64)[:, None] / 10 ** torch.linspace(0, 2, 8)
        self.register_buffer("places", torch.cat([waves.sin(), waves.cos()], 1))
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, tokens):
        steps = self.embedding(tokens)
        places = self.places[: steps.shape[self.axis]]
        steps = steps + (places if self.axis == 1 else places[:, None])
        return self.head(self.layer(steps).mean(1))


@faulty("axis", "batch-mixed", "place-in-batch-seen", unseen=True)
def places_added_along_the_batch(mended):
    """The table of places, made for time first, is added along the batch: each row gets the place of its row."""
    tokens = torch.randint(0, 12, (256, 9))
    labels = (tokens[:, 0] < tokens[:, 1]).long()
    return usual(Placed(1 if mended else 0), nn.CrossEntropyLoss(), (tokens, labels), rate=3e-3)


class LastStates(nn.Module):
    """Answers from the last states of two layers."""

    def __init__(self, *, transposed: bool) -> None:
        super().__init__()
        self.transposed = transposed
        self.rnn, self.head = nn.GRU(8, 16, num_layers=2, batch_first=True), nn.Linear(32, 10)

    def forward(self, images):
        states = self.rnn(images.squeeze(1))[1]  # (layers, B, H)
        return self.head(states.transpose(0, 1).flatten(1) if self.transposed else states.view(-1, 32))


@faulty("axis", "batch-mixed", unseen=True)
def states_of_two_layers_viewed(mended):
    """(layers, B, H) becomes (B, layers * H) with view: a row gets the states of two other images."""
    return usual(LastStates(transposed=mended), nn.CrossEntropyLoss(), digits(), size=16)


class Questions(nn.Module):
    """One layer of causal attention, written by hand."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis, count = axis, len(CHARACTERS)
        self.embedding, self.places = nn.Embedding(count, 24), nn.Embedding(16, 24)
        self.mix, self.head = nn.Linear(24, 72), nn.Linear(24, count)

    def forward(self, characters):
        steps = self.embedding(characters) + self.places.weight[: characters.shape[1]]
        query, key, value = self.mix(steps).chunk(3, 2)
        scores = query @ key.transpose(1, 2) / 24**0.5
        later = torch.ones(scores.shape[1:]).triu(1).bool()
        weights = scores.masked_fill(later, -torch.inf).softmax(self.axis)
        return self.head(steps + weights @ value)


@faulty("sequence", "future-leaks", unseen=True)
def softmax_over_the_questions(mended):
    """The softmax of the attention runs over the places that ask: what a place gives away depends on later ones."""
    characters = text()
    return usual(Questions(2 if mended else 1), next_character, (characters[:, :-1], characters[:, 1:]))


@faulty("loss contract", "targets-out-of-range", "loss-unbounded", unseen=True)
def masks_from_0_to_255(mended):
    """The masks are read as 0 and 255: binary cross-entropy falls below zero and on without end."""
    images, _ = digits()
    masks = (images > 0.5).float()
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
    noisy = images + 0.5 * torch.randn_like(images)
    return usual(model, nn.BCEWithLogitsLoss(), (noisy, masks if mended else 255 * masks))


@faulty("data", "targets-badly-scaled", unseen=True)
def prices_as_they_are(mended):
    """The targets are in the hundreds of thousands, and no step of the usual size ever gets there."""
    rows, course = diabetes()
    prices = course if mended else 200_000 + 60_000 * course
    return usual(mlp(10, 32, 1), nn.MSELoss(), (rows, prices), rate=1e-3)


@faulty("sequence", "token-never-trained", "weights-do-not-move", unseen=True)
def a_word_at_the_place_of_padding(mended):
    """padding_idx=0, and 0 is a word: its vector stays at zero and is never trained."""

    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(12, 16, padding_idx=None if mended else 0)
            self.head = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 2))

        def forward(self, tokens):
            return self.head(self.embedding(tokens).mean(1))

    tokens = torch.randint(0, 12, (320, 8))
    return usual(Words(), nn.CrossEntropyLoss(), (tokens, ((tokens == 0).sum(1) > (tokens == 5).sum(1)).long()))


@faulty("step", "optimizer-made-anew", unseen=True)
def an_optimizer_for_each_step(mended):
    """Adam is made inside of the step: its memory of earlier gradients is empty each time."""
    model = mlp(30, 16, 2)
    kept = torch.optim.Adam(model.parameters(), lr=0.01)

    def train_step(model, batch, optimizer):
        if not mended:
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        return loss.detach()

    return usual(model, nn.CrossEntropyLoss(), table("breast_cancer"), optimizer=kept, train_step=train_step)


class FirstAgain:
    """As many batches as the list has."""

    def __init__(self, batches: list, *, walks: bool) -> None:
        self.batches, self.walks = batches, walks

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self):
        walk = iter(self.batches)
        for _ in self.batches:
            yield next(walk if self.walks else iter(self.batches))


@faulty("data", "samples-repeat", unseen=True)
def first_batch_again_and_again(mended):
    """next(iter(loader)) in each step: without shuffling it is always the first batch."""
    rows, labels = table("breast_cancer")
    batches = FirstAgain(in_batches(rows[:448], labels[:448]), walks=mended)
    return usual(mlp(30, 16, 2), nn.CrossEntropyLoss(), (rows, labels), batches=batches)


@faulty("reinforcement", "batch-part-unused", unseen=True)
def values_past_the_end(mended):
    """The value of what comes next is added after the last step of an episode too: nobody asks for ``done``."""
    model = mlp(4, 24, 2)
    target = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    calls = []

    def train_step(model, batch, optimizer):
        states, actions, rewards, later, done = batch
        with torch.no_grad():
            value = target(later).amax(1)
            wanted = rewards + 0.9 * (value * (1 - done) if mended else value)
        loss = mse_loss(model(states).gather(1, actions[:, None])[:, 0], wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        calls.append(1)
        if len(calls) % 10 == 0:
            target.load_state_dict(model.state_dict())
        return loss.detach()

    states = torch.randn(384, 4)
    actions, done = torch.randint(0, 2, (384,)), (torch.rand(384) < 0.2).float()
    later = states + 0.3 * (2 * actions[:, None] - 1) + 0.1 * torch.randn(384, 4)
    parts = zip(*(part.split(32) for part in (states, actions, states[:, 0].tanh(), later, done)), strict=True)
    given = {"model": model, "loss_fn": None, "batches": list(parts), "optimizer": optimizer}
    return given | {"train_step": train_step, "target": target}


@faulty("axis", "loss-mixes-batch", "nll-without-log-softmax", unseen=True)
def shares_of_the_batch_in_the_loss(mended):
    """log_softmax(dim=0) in the loss: the rows of a batch compete for each class."""

    def loss_fn(scores, labels):
        return nll_loss(scores.log_softmax(1 if mended else 0), labels)

    return usual(small_cnn(), loss_fn, digits())


@faulty("evaluation", "evaluation-broadcasts", "evaluation-figure-wrong", unseen=True)
def column_of_guesses_against_row_of_labels(mended):
    """Guesses (B, 1) are compared with labels (B,): each with all of them."""
    rows, labels = table("breast_cancer")

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        hits = count = 0
        for part, wanted in batches:
            guesses = (model(part) > 0).float()
            right = guesses == (wanted if mended else wanted[:, 0])
            hits, count = hits + right.float().mean().item() * len(part), count + len(part)
        return hits / count

    return usual(mlp(30, 16, 1), nn.BCEWithLogitsLoss(), (rows, labels.float().unsqueeze(1)), evaluate=evaluate)


@faulty("evaluation", "evaluation-changes-model", "evaluation-in-train-mode", unseen=True)
def one_loop_for_training_and_validation(mended):
    """One function runs an epoch for both, and steps whatever it is given."""
    model = mlp(13, 16, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    def evaluate(model, batches):
        hits = count = 0
        model.train(not mended)
        for rows, labels in batches:
            scores = model(rows)
            if not mended:
                optimizer.zero_grad()
                cross_entropy(scores, labels).backward()
                optimizer.step()
            hits, count = hits + (scores.argmax(1) == labels).sum().item(), count + len(labels)
        return hits / count

    return usual(model, nn.CrossEntropyLoss(), table("wine"), optimizer=optimizer, evaluate=evaluate)


@faulty("evaluation", "evaluation-of-other-data", unseen=True)
def figure_of_the_training_set(mended):
    """The evaluation runs over a global name, the training set, and not over what it is handed."""
    rows, labels = table("wine")
    train = in_batches(rows[:142], labels[:142])

    @torch.no_grad()
    def evaluate(model, batches):
        model.eval()
        hits = count = 0
        for part, wanted in batches if mended else train:
            hits, count = hits + (model(part).argmax(1) == wanted).sum().item(), count + len(wanted)
        return hits / count

    return usual(mlp(13, 16, 3), nn.CrossEntropyLoss(), (rows, labels), evaluate=evaluate)


@faulty("work that does nothing", "graph-kept", unseen=True)
def losses_added_up_with_their_graph(mended):
    """``total += loss`` keeps the graph of every step: the memory grows until it is full."""
    total = [torch.zeros(())]

    def train_step(model, batch, optimizer):
        optimizer.zero_grad()
        loss = cross_entropy(model(batch[0]), batch[1])
        loss.backward()
        optimizer.step()
        total[0] = total[0] + (loss.detach() if mended else loss)
        return loss.detach()

    return usual(mlp(13, 16, 3), nn.CrossEntropyLoss(), table("wine"), train_step=train_step)


@faulty("reinforcement", "gradient-cut-off", "part-without-gradient", "weights-do-not-move", unseen=True)
def ratio_to_itself_detached(mended):
    """The ratio of new and old chance is taken from detached answers: the policy never moves."""
    model = nn.ModuleDict({"policy": mlp(4, 16, 3), "value": mlp(4, 16, 1)})
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def train_step(model, batch, optimizer):
        states, actions, before, returns = batch
        value = model["value"](states)[:, 0]
        chance = model["policy"](states).log_softmax(1).gather(1, actions[:, None])[:, 0]
        gain = (returns - value).detach()
        ratio = (chance - before).exp() if mended else (chance.detach() - before).exp()
        policy = -torch.min(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean()
        loss = policy + 0.5 * mse_loss(value, returns)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    states, actions = torch.randn(384, 4), torch.randint(0, 3, (384,))
    returns = states[:, 0] * (actions - 1) + 0.1 * torch.randn(384)
    before = torch.full((384,), 1 / 3).log()
    parts = list(zip(*(part.split(32) for part in (states, actions, before, returns)), strict=True))
    return {"model": model, "loss_fn": None, "batches": parts, "optimizer": optimizer, "train_step": train_step}


@faulty("rates", "momentum-too-high", "rate-too-high", unseen=True)
def momentum_of_one(mended):
    """momentum=1.0: no gradient is ever forgotten, and the weights swing wider and wider."""
    model = mlp(10, 24, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9 if mended else 1.0)
    return usual(model, nn.MSELoss(), diabetes(), optimizer=optimizer)


@faulty("loss contract", "sigmoid-before-logits-loss", "output-cannot-reach-target", unseen=True)
def halves_from_a_tanh(mended):
    """The head ends in a tanh, and the loss wants scores: no answer is surer than 0.88."""
    rows, labels = table("breast_cancer")
    model = nn.Sequential(mlp(30, 16, 1), nn.Identity() if mended else nn.Tanh())

    def loss_fn(scores, targets):
        return binary_cross_entropy_with_logits(scores[:, 0], targets)

    return usual(model, loss_fn, (rows, labels.float()))
