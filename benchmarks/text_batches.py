"""What do batches of sentences of like length save? An LSTM's training epoch on padded, cut and bucketed batches.

Every arm trains the same classifier, from the same weights, on the same sentences for one epoch. Before anything is
timed: each arm must deliver every sentence once; without shuffling our buckets must be torchtext's, token for token;
and after three epochs all arms must have learned about as much. Arms take turns, so that a noisy moment hits
all of them, and the result is the median over the turns of each arm's time divided by that of padded batches
in that turn. One thread.

Run with ``make bench``.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator

import torch
import torchtext
from report import write_report
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchtext import data as legacy

from helpers import data, metrics, models, train

LENGTH, BATCH, TURNS, CHECKED_EPOCHS = 40, 64, 7, 3
PADDED = "random batches, padded to one length"  # the yardstick
Batches = Iterable[tuple[Tensor, Tensor]]


class FromTorchtext:
    """Our (tokens, labels) out of torchtext's iterator, whose unknown token is 0 and padding 1."""

    def __init__(self, iterator: legacy.BucketIterator, words: int) -> None:
        self.iterator, self.swap = iterator, torch.arange(words)
        self.swap[:2] = torch.tensor([1, 0])

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self.iterator:
            yield self.swap[batch.text], batch.label


def read() -> tuple[data.Vocabulary, data.Examples, data.Examples, legacy.Dataset]:
    """The vocabulary, training and validation sentences as tensors, and the training sentences as torchtext's."""
    texts = data.load_texts("doclines")
    tokenized = [data.tokenize(sentence)[:LENGTH] for sentence in texts.train.sentences]
    vocabulary = data.Vocabulary(tokenized, min_count=2)
    train_set = data.Examples(data.pad([vocabulary.encode(row) for row in tokenized], LENGTH), texts.train.labels)
    rows = [vocabulary.encode(data.tokenize(sentence)) for sentence in texts.valid.sentences]
    valid_set = data.Examples(data.pad(rows, LENGTH), texts.valid.labels)
    fields = [("text", legacy.Field(batch_first=True)), ("label", legacy.Field(sequential=False, use_vocab=False))]
    pairs = zip(tokenized, texts.train.labels.tolist(), strict=True)
    table = legacy.Dataset([legacy.Example.fromlist(pair, fields) for pair in pairs], fields)
    fields[0][1].build_vocab(table, min_freq=2)
    assert fields[0][1].vocab.itos[2:] == vocabulary.tokens[2:], "the two vocabularies differ"
    return vocabulary, train_set, valid_set, table


def bucket_iterator(table: legacy.Dataset, words: int, **options: bool) -> FromTorchtext:
    iterator = legacy.BucketIterator(table, BATCH, sort_key=lambda row: len(row.text), **options)
    return FromTorchtext(iterator, words)


def make_arms(examples: data.Examples, table: legacy.Dataset, words: int) -> dict[str, Callable[[], Batches]]:
    """Each arm builds its batches anew."""

    def generator() -> torch.Generator:
        return torch.Generator().manual_seed(1)

    return {
        PADDED: lambda: data.Batches(examples, BATCH, generator=generator()),
        "random batches, cut at their longest": lambda: data.BucketBatches(
            examples, BATCH, generator=generator(), pool=1
        ),
        "data.BucketBatches": lambda: data.BucketBatches(examples, BATCH, generator=generator()),
        "torchtext BucketIterator, as it comes": lambda: bucket_iterator(table, words),
        "torchtext BucketIterator, sort_within_batch": lambda: bucket_iterator(table, words, sort_within_batch=True),
    }


def train_on(batches: Batches, words: int, epochs: int = 1) -> models.LSTMClassifier:
    torch.manual_seed(0)
    model = models.LSTMClassifier(words, 64, 48, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005, fused=True)
    for _ in train.epochs(model, batches, cross_entropy, optimizer, epochs=epochs):
        pass
    return model


def check_same_batches(examples: data.Examples, table: legacy.Dataset, words: int) -> None:
    """Assert that unshuffled buckets are torchtext's, but for the order within a batch."""
    ours = list(data.BucketBatches(examples, BATCH))
    theirs = list(bucket_iterator(table, words, sort_within_batch=True, shuffle=False))
    for (tokens, labels), (their_tokens, their_labels) in zip(ours, theirs, strict=True):
        order = (tokens != 0).sum(dim=1).argsort(descending=True, stable=True)
        assert torch.equal(tokens[order], their_tokens)
        assert torch.equal(labels[order], their_labels)


def check_comparable(
    arms: dict[str, Callable[[], Batches]], examples: data.Examples, valid_set: data.Examples, words: int
) -> dict[str, float]:
    """Assert that every arm delivers every sentence, and learns as much as the others; return its share of padding."""
    whole, shares, scores = sorted(map(tuple, examples.inputs.tolist())), {}, {}
    for name, arm in arms.items():
        seen = [tokens for tokens, _ in arm()]
        rows = [row + [0] * (LENGTH - len(row)) for tokens in seen for row in tokens.tolist()]
        assert sorted(map(tuple, rows)) == whole, f"{name} does not deliver every sentence once"
        shares[name] = 1 - sum(int((tokens != 0).sum()) for tokens in seen) / sum(tokens.numel() for tokens in seen)
        logits = train.predict(train_on(arm(), words, epochs=CHECKED_EPOCHS), valid_set.inputs)
        scores[name] = metrics.accuracy(logits, valid_set.targets)
    spread = max(scores.values()) - min(scores.values())
    assert spread < 0.04, f"the arms have not learned as much as each other: {scores}"
    return shares


def seconds(arm: Callable[[], Batches], words: int) -> float:
    began = time.perf_counter()
    train_on(arm(), words)
    return time.perf_counter() - began


def main() -> None:
    torch.set_num_threads(1)
    vocabulary, examples, valid_set, table = read()
    words = len(vocabulary)
    arms = make_arms(examples, table, words)
    check_same_batches(examples, table, words)
    shares = check_comparable(arms, examples, valid_set, words)
    turns = []
    for turn in range(TURNS):
        order = list(arms)[turn % len(arms) :] + list(arms)[: turn % len(arms)]  # no arm always follows the same one
        turns.append({name: seconds(arms[name], words) for name in order})
    rows: list[list[str | float]] = []
    for name in arms:
        ratios = [turn[name] / turn[PADDED] for turn in turns]
        low, _, high = statistics.quantiles(ratios, n=4)
        median = statistics.median(turn[name] for turn in turns)
        spread = f"{low:.3f} to {high:.3f}"
        rows.append([name, shares[name], round(statistics.median(ratios), 3), spread, median])
    columns = ["batches", "share of padding", "time over padded (median)", "middle half", "seconds per epoch"]
    title = "Batches of sentences, an LSTM's training epoch"
    write_report("text_batches", title, columns, rows, peers=[torchtext, torch])


if __name__ == "__main__":
    main()
