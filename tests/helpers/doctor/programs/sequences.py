"""Faults of models of sequences: the future, the padding, the shift of the targets, the state."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy, pad

from tests.helpers.doctor.programs.listing import faulty
from tests.helpers.doctor.programs.pieces import CHARACTERS, in_batches, next_character, text, usual

VOCABULARY = len(CHARACTERS)


class CharacterConvolution(nn.Module):
    """Guesses the next character from convolutions over those before it."""

    def __init__(self, *, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.embedding, self.head = nn.Embedding(VOCABULARY, 16), nn.Linear(32, VOCABULARY)
        self.convolution = nn.Conv1d(16, 32, 3)

    def forward(self, characters):
        steps = self.embedding(characters).transpose(1, 2)  # (B, 16, T)
        around = pad(steps, (2, 0) if self.causal else (1, 1))
        return self.head(self.convolution(around).transpose(1, 2).relu())


@faulty("sequence", "future-leaks")
def convolution_padded_on_both_sides(mended):
    """A convolution of width 3 with padding 1 on either side sees the character that it is to guess."""
    characters = text()
    model = CharacterConvolution(causal=mended)
    return usual(model, next_character, (characters[:, :-1], characters[:, 1:]))


class CharacterGru(nn.Module):
    """Guesses the next character with a recurrent network."""

    def __init__(self, *, both_ways: bool = False, width: int = 24) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 16)
        self.rnn = nn.GRU(16, width, batch_first=True, bidirectional=both_ways)
        self.head = nn.Linear(width * (2 if both_ways else 1), VOCABULARY)

    def forward(self, characters):
        return self.head(self.rnn(self.embedding(characters))[0])


@faulty("sequence", "future-leaks", further=True)
def language_model_that_reads_backwards(mended):
    """A bidirectional network is asked for the next character, which it has read from the other side."""
    characters = text()
    return usual(CharacterGru(both_ways=not mended), next_character, (characters[:, :-1], characters[:, 1:]))


class CharacterTransformer(nn.Module):
    """Guesses the next character with a layer of attention."""

    def __init__(self, hidden: torch.Tensor | None) -> None:
        super().__init__()
        self.register_buffer("hidden", hidden, persistent=False)
        self.embedding, self.places = nn.Embedding(VOCABULARY, 16), nn.Embedding(16, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.head = nn.Linear(16, VOCABULARY)

    def forward(self, characters):
        length = characters.shape[1]
        steps = self.embedding(characters) + self.places(torch.arange(length, device=characters.device))
        return self.head(self.layer(steps, src_mask=self.hidden[:length, :length]))


@faulty("sequence", "mask-inverted")
def mask_that_hides_the_past(mended):
    """True hides a place from nn.TransformerEncoderLayer, and here it is True for the past."""
    places = torch.ones(16, 16, dtype=torch.bool)
    characters = text()
    model = CharacterTransformer(places.triu(1) if mended else places.tril(-1))
    return usual(model, next_character, (characters[:, :-1], characters[:, 1:]))


@faulty("sequence", "future-leaks", further=True)
def mask_of_zeros_and_ones_added(mended):
    """A mask of 0 and 1 is added to the scores: the future counts less by a factor e, and is seen all the same."""
    future = torch.ones(16, 16).triu(1)
    characters = text()
    model = CharacterTransformer(future.masked_fill(future > 0, float("-inf")) if mended else -future)
    return usual(model, next_character, (characters[:, :-1], characters[:, 1:]))


@faulty("sequence", "targets-not-shifted")
def asked_for_what_it_is_shown(mended):
    """The loss compares the scores at each place with the character at that place."""

    def step(model, batch):
        characters, _ = batch
        scores = model(characters)
        if mended:
            return next_character(scores[:, :-1], characters[:, 1:])
        return next_character(scores, characters)

    characters = text()
    return usual(CharacterGru(), None, (characters, characters), step=step)


@faulty("sequence", "targets-shifted-twice", further=True)
def shifted_by_the_loader_and_by_the_loss(mended):
    """The data set gives inputs and targets one apart, and the loss shifts them once more."""

    def loss_fn(scores, targets):
        if mended:
            return next_character(scores, targets)
        return next_character(scores[:, :-1], targets[:, 1:])

    characters = text()
    return usual(CharacterGru(), loss_fn, (characters[:, :-1], characters[:, 1:]))


PAD, END = 0, 1


def sums(length: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    """Counting sequences of several lengths, padded with `PAD`; does a 5 occur?"""
    tokens = torch.randint(2, 12, (256, length))
    lengths = torch.randint(3, length + 1, (256,))
    tokens[torch.arange(length) >= lengths[:, None]] = PAD
    return tokens, (tokens == 5).any(1).long()


class Pooled(nn.Module):
    """Pools the tokens of a sentence by weights that it learns."""

    def __init__(self, *, masked: bool) -> None:
        super().__init__()
        self.masked, self.embedding = masked, nn.Embedding(12, 16)
        self.score, self.head = nn.Linear(16, 1), nn.Linear(16, 2)

    def forward(self, tokens):
        steps = self.embedding(tokens)
        scores = self.score(steps).squeeze(2)
        if self.masked:
            scores = scores.masked_fill(tokens == PAD, float("-inf"))
        return self.head((scores.softmax(1).unsqueeze(2) * steps).sum(1))


@faulty("sequence", "padding-seen")
def weights_for_the_padding(mended):
    """The weights of the pooling are shared out to the padding too."""
    return usual(Pooled(masked=mended), nn.CrossEntropyLoss(), sums(), padding=PAD)


class LastStep(nn.Module):
    """Reads a sentence with a recurrent network, and answers from its last token."""

    def __init__(self, *, by_length: bool) -> None:
        super().__init__()
        self.by_length, self.embedding = by_length, nn.Embedding(12, 16)
        self.rnn, self.head = nn.GRU(16, 24, batch_first=True), nn.Linear(24, 2)

    def forward(self, tokens):
        states = self.rnn(self.embedding(tokens))[0]
        if not self.by_length:
            return self.head(states[:, -1])
        last = (tokens != PAD).sum(1) - 1
        return self.head(states[torch.arange(len(tokens)), last])


@faulty("sequence", "padding-seen", further=True)
def state_after_the_padding(mended):
    """The answer is read from the last place, which is padding in most sentences."""
    return usual(LastStep(by_length=mended), nn.CrossEntropyLoss(), sums(), padding=PAD)


def sentences() -> tuple[torch.Tensor, torch.Tensor]:
    """Counting up by steps of 1 or 2, then the end token, then padding: inputs and targets of one place later."""
    lengths = torch.randint(4, 9, (160, 1))
    places = torch.arange(10)
    tokens = (torch.randint(2, 6, (160, 1)) + places * torch.randint(1, 3, (160, 1))) % 14 + 2
    tokens = tokens.masked_fill(places == lengths, END).masked_fill(places > lengths, PAD)
    return tokens[:, :-1], tokens[:, 1:]


class Counter(nn.Module):
    """Guesses the next token of 16."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(16, 16, padding_idx=PAD)
        self.rnn, self.head = nn.LSTM(16, 24, batch_first=True), nn.Linear(24, 16)

    def forward(self, tokens):
        return self.head(self.rnn(self.embedding(tokens))[0])


@faulty("sequence", "end-token-never-trained")
def end_token_left_out_of_the_loss(mended):
    """The padding is the end token, as often, and ignoring it ignores every end."""
    inputs, targets = sentences()
    inputs, targets = inputs.masked_fill(inputs == PAD, END), targets.clone()
    if mended:
        targets[targets == PAD] = -100
    targets[targets == PAD] = END

    def loss_fn(scores, targets):
        return cross_entropy(scores.transpose(1, 2), targets, ignore_index=-100 if mended else END)

    return usual(Counter(), loss_fn, (inputs, targets))


@faulty("sequence", "padding-in-loss", further=True)
def loss_mostly_of_padding(mended):
    """The places of padding count in the loss: most of it is about what nobody reads."""
    inputs, targets = sentences()
    inputs, targets = pad(inputs, (0, 16), value=PAD), pad(targets, (0, 16), value=PAD)

    def loss_fn(scores, targets):
        return cross_entropy(scores.transpose(1, 2), targets, ignore_index=PAD if mended else -100)

    return usual(Counter(), loss_fn, (inputs, targets), padding=PAD)


class Remembering(nn.Module):
    """An LSTM for unrelated series, whose state may outlive the batch."""

    def __init__(self, *, forgets: bool) -> None:
        super().__init__()
        self.forgets, self.state = forgets, None
        self.rnn, self.head = nn.LSTM(1, 16, batch_first=True), nn.Linear(16, 1)

    def forward(self, series):
        fits = self.state is not None and self.state[0].shape[1] == len(series)
        states, state = self.rnn(series, self.state if fits and not self.forgets else None)
        self.state = tuple(part.detach() for part in state)
        return self.head(states[:, -1])


@faulty("sequence", "state-carried-over")
def state_of_other_series(mended):
    """The state at the end of one batch starts the next, whose series have nothing to do with it."""
    phases, rates = 6.3 * torch.rand(256, 1), 0.2 + 0.8 * torch.rand(256, 1)
    series = torch.sin(phases + rates * torch.arange(9))
    return usual(Remembering(forgets=mended), nn.MSELoss(), (series[:, :8, None], series[:, 8:]))


class Order(nn.Module):
    """A transformer that pools over all places."""

    def __init__(self, *, placed: bool) -> None:
        super().__init__()
        self.embedding, self.places = nn.Embedding(12, 16), nn.Parameter(0.5 * torch.randn(8, 16))
        self.placed = placed
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.head = nn.Linear(16, 2)

    def forward(self, tokens):
        steps = self.embedding(tokens)
        return self.head(self.layer(steps + self.places if self.placed else steps).mean(1))


@faulty("sequence", "order-not-seen", "part-without-gradient", "gradient-cut-off", further=True)
def positions_computed_and_not_added(mended):
    """The table of positions is made and never added: the network cannot tell which token came first."""
    tokens = torch.randint(2, 12, (320, 8))
    first, second = torch.randint(4, (320,)), torch.randint(4, 8, (320,))
    swapped = torch.rand(320) < 0.5
    rows = torch.arange(320)
    tokens[rows, first], tokens[rows, second] = torch.where(swapped, 0, 1), torch.where(swapped, 1, 0)
    given = usual(Order(placed=mended), nn.CrossEntropyLoss(), (tokens, swapped.long()))
    return given | {"batches": in_batches(tokens[:256], swapped[:256].long())}
