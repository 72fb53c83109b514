"""The sentence classifiers: against loops written by hand, and never moved by padding."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import data, models, train
from helpers.losses import cross_entropy

WORDS, WIDTH, HIDDEN, CLASSES = 30, 5, 4, 3
BUILDS = {
    "bag": lambda: models.BagOfEmbeddings(WORDS, WIDTH, CLASSES, dropout=0.5),
    "final": lambda: models.LSTMClassifier(WORDS, WIDTH, HIDDEN, CLASSES, dropout=0.5),
    "attention": lambda: models.AttentionLSTM(WORDS, WIDTH, HIDDEN, CLASSES, dropout=0.5),
}
LSTM_SIZE = 2 * 4 * HIDDEN * (WIDTH + HIDDEN + 2)
SIZES = {
    "bag": WORDS * WIDTH + CLASSES * (WIDTH + 1),
    "final": WORDS * WIDTH + LSTM_SIZE + CLASSES * (2 * HIDDEN + 1),
    "attention": WORDS * WIDTH + LSTM_SIZE + CLASSES * (2 * HIDDEN + 1) + HIDDEN * (2 * HIDDEN + 1) + HIDDEN,
}


@pytest.fixture(params=BUILDS)
def name(request):
    return request.param


@pytest.fixture
def model(name):
    torch.manual_seed(0)
    return BUILDS[name]().eval()


@pytest.fixture
def tokens():
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randint(1, WORDS, (n,), generator=generator).tolist() for n in (7, 1, 4, 7, 3)]
    return data.pad(rows, 9)


def test_shape_and_parameters(name, model, tokens):
    assert model(tokens).shape == (5, CLASSES)
    assert sum(parameter.numel() for parameter in model.parameters()) == SIZES[name]


def test_padding_and_neighbours_change_nothing(model, tokens):
    alone = torch.cat([model(row[row != 0][None]) for row in tokens])
    torch.testing.assert_close(model(tokens), alone)
    torch.testing.assert_close(model(F.pad(tokens, (0, 20))), alone)


def test_embeddings_start_small_and_that_of_padding_at_zero():
    for name, build in BUILDS.items():
        torch.manual_seed(0)
        weight = build().embedding.weight.detach()
        assert not weight[0].any(), name
        assert 0.07 < weight[1:].std() < 0.13, name


def test_an_empty_sentence_has_finite_logits_and_leaves_the_others_alone(model, tokens):
    with_empty = torch.cat([tokens, torch.zeros(1, 9, dtype=torch.int64)])
    logits = model(with_empty)
    assert logits.isfinite().all()
    torch.testing.assert_close(logits[:-1], model(tokens))


def test_the_bag_is_a_mean_and_blind_to_order(tokens):
    bag = BUILDS["bag"]().eval()
    rows = [bag.embedding.weight[row[row != 0]].mean(dim=0) for row in tokens]
    torch.testing.assert_close(bag(tokens), bag.linear(torch.stack(rows)))
    flipped = data.pad([row[row != 0].flip(0).tolist() for row in tokens], 9)
    torch.testing.assert_close(bag(flipped), bag(tokens))


def test_the_final_states_are_those_of_two_loops(tokens):
    torch.manual_seed(0)
    model = BUILDS["final"]().eval()
    cells = []
    for suffix in ("", "_reverse"):
        cell = nn.LSTMCell(WIDTH, HIDDEN)
        for name, parameter in cell.named_parameters():
            parameter.data = getattr(model.lstm, f"{name}_l0{suffix}").data
        cells.append(cell)
    for row, logits in zip(tokens, model(tokens), strict=True):
        vectors = model.embedding(row[row != 0])
        ends = []
        for cell, ordered in zip(cells, (vectors, vectors.flip(0)), strict=True):
            state = None
            for vector in ordered:
                state = cell(vector[None], state)
            ends.append(state[0])
        torch.testing.assert_close(logits, model.linear(torch.cat(ends, dim=1))[0])


def test_attention_weights_are_shares_of_the_words(tokens):
    torch.manual_seed(0)
    model = BUILDS["attention"]().eval()
    states, weights = model.attend(tokens)
    assert states.shape == (5, 9, 2 * HIDDEN)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(5))
    assert not weights[tokens == 0].any()
    assert (weights[tokens != 0] > 0).all()
    row = tokens[2][tokens[2] != 0]
    states, _ = model.lstm(model.embedding(row)[None])
    summary = model.score(states[0]).softmax(dim=0).T @ states[0]
    torch.testing.assert_close(model(tokens)[2], model.linear(summary)[0])


def test_they_learn_which_token_decides(name):
    generator = torch.Generator().manual_seed(2)
    tokens = torch.randint(4, WORDS, (300, 4), generator=generator)
    labels = torch.randint(0, 3, (300,), generator=generator)
    tokens[torch.arange(300), torch.randint(0, 4, (300,), generator=generator)] = labels + 1
    torch.manual_seed(0)
    model = BUILDS[name]()
    examples = data.Examples(tokens, labels)
    batches = data.BucketBatches(examples, 20, generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.04)
    for _ in train.epochs(model, batches, cross_entropy, optimizer, epochs=8):
        pass
    assert (train.predict(model, tokens).argmax(dim=1) == labels).double().mean() > 0.9
