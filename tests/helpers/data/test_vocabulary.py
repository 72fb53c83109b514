"""Tokens, the vocabulary and padding: by hand, and against torchtext."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.utils.rnn import pad_sequence
from torchtext import data as legacy

from helpers import data

WORDS = st.lists(st.text("abcAB <>_.9é", max_size=12), min_size=1, max_size=12)
ROWS = st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("sentence", "tokens"),
    [
        ("Returns the mean.", ["returns", "the", "mean", "."]),
        ("x.ndim > 1, isn't it?", ["x", ".", "ndim", ">", "1", ",", "isn", "'", "t", "it", "?"]),
        ("A_b2  C\tÉtude", ["a_b2", "c", "étude"]),
        ("", []),
    ],
)
def test_tokens_by_hand(sentence, tokens):
    assert data.tokenize(sentence) == tokens


@given(WORDS)
def test_tokens_keep_every_letter(sentences):
    for sentence in sentences:
        assert "".join(data.tokenize(sentence)) == "".join(sentence.lower().split())


def test_a_vocabulary_by_hand():
    vocabulary = data.Vocabulary([["b", "a", "b"], ["c", "a", "d"]], min_count=2)
    assert vocabulary.tokens == ["<pad>", "<unk>", "a", "b"]
    assert len(vocabulary) == 4
    assert vocabulary.encode(["b", "c", "zorgle", "a"]) == [3, 1, 1, 2]
    assert vocabulary.decode([3, 1, 2, 0, 0]) == ["b", "<unk>", "a"]


@given(WORDS, st.integers(1, 3))
def test_the_vocabulary_is_torchtexts(sentences, min_count):
    tokenized = [data.tokenize(sentence) for sentence in sentences]
    field = legacy.Field(tokenize=data.tokenize)
    field.build_vocab(tokenized, min_freq=min_count)
    ours = data.Vocabulary(tokenized, min_count=min_count)
    assert ours.tokens[2:] == field.vocab.itos[2:]


@given(ROWS)
def test_padding_is_torchs_where_nothing_is_cut(rows):
    padded = data.pad(rows, 6)
    theirs = pad_sequence([torch.tensor(row, dtype=torch.int64) for row in rows], batch_first=True)
    assert padded.dtype == torch.int64
    assert torch.equal(padded[:, : theirs.shape[1]], theirs)
    assert not padded[:, theirs.shape[1] :].any()


def test_padding_cuts_what_is_too_long():
    assert data.pad([[1, 2, 3], [4]], 2).tolist() == [[1, 2], [4, 0]]
