"""From sentences to numbers: tokens, a vocabulary, and rows of one length (rnn chapter)."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import torch
from torch import Tensor


def tokenize(sentence: str) -> list[str]:
    """Split a sentence into lower-case tokens: each run of letters, digits and underscores, and each other sign."""
    return re.findall(r"\w+|[^\w\s]", sentence.lower())


class Vocabulary:
    """The tokens that a model knows, each with a number; 0 is padding, 1 every token that it does not know.

    Args:
        tokenized: the training sentences as lists of tokens.
        min_count: how often a token must occur in them to be known, at least 1.

    The most frequent token comes first; equally frequent ones in alphabetical order, as in torchtext.
    """

    def __init__(self, tokenized: Iterable[Sequence[str]], *, min_count: int = 1) -> None:
        self.counts = Counter(chain.from_iterable(tokenized))  # token -> its count
        known = [token for token, count in self.counts.items() if count >= min_count]
        known.sort(key=lambda token: (-self.counts[token], token))
        self.tokens = ["<pad>", "<unk>", *known]
        self.numbers = {token: number for number, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        """How many tokens there are, the two that are no words included."""
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The numbers of some tokens; 1 for each that is not known."""
        return [self.numbers.get(token, 1) for token in tokens]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The tokens of some numbers, without the padding."""
        return [self.tokens[number] for number in numbers if number != 0]


def pad(rows: Sequence[Sequence[int]], length: int) -> Tensor:
    """Rows of token numbers as one tensor: cut at `length`, filled up with 0 behind.

    Args:
        rows: N lists of numbers.
        length: columns of the result, at least 1.

    Returns:
        (N, length) int64.
    """
    padded = torch.zeros(len(rows), length, dtype=torch.int64)
    for row, numbers in enumerate(rows):
        kept = torch.tensor(numbers[:length], dtype=torch.int64)
        padded[row, : len(kept)] = kept
    return padded
