"""Batches of sentences of one length: by hand, and against torchtext."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchtext import data as legacy

from helpers import data

ROWS = st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=40)


def examples(rows):
    return data.Examples(data.pad(rows, 6), torch.arange(len(rows)))


@given(ROWS, st.integers(1, 7), st.integers(1, 4))
def test_buckets_hold_every_example_once_and_are_no_longer_than_they_must(rows, batch_size, pool):
    some = examples(rows)
    batches = data.BucketBatches(some, batch_size, generator=torch.Generator().manual_seed(0), pool=pool)
    seen = []
    for tokens, targets in batches:
        assert len(tokens) <= batch_size
        longest = max(1, max(len(rows[row]) for row in targets))
        assert torch.equal(tokens, some.inputs[targets][:, :longest])
        seen += targets.tolist()
    assert sorted(seen) == list(range(len(rows)))
    assert sum(1 for _ in batches) == len(batches)


@given(ROWS, st.integers(1, 7))
def test_unshuffled_buckets_are_torchtexts(rows, batch_size):
    field = legacy.Field(use_vocab=False, batch_first=True, pad_token=0)
    label = legacy.Field(sequential=False, use_vocab=False)
    fields = [("text", field), ("label", label)]
    table = legacy.Dataset([legacy.Example.fromlist([row or [7], i], fields) for i, row in enumerate(rows)], fields)
    iterator = legacy.BucketIterator(
        table, batch_size, sort_key=lambda row: len(row.text), sort_within_batch=True, shuffle=False
    )
    ours = list(data.BucketBatches(examples([row or [7] for row in rows]), batch_size))
    theirs = list(iterator)
    assert len(ours) == len(theirs)
    for (tokens, targets), batch in zip(ours, theirs, strict=True):
        order = (tokens != 0).sum(dim=1).argsort(descending=True, stable=True)
        assert torch.equal(tokens[order], batch.text)
        assert torch.equal(targets[order], batch.label)


def test_batches_differ_from_pass_to_pass_and_the_seed_repeats_them():
    some = examples([[1] * (i % 6 + 1) for i in range(60)])

    def passes(seed):
        batches = data.BucketBatches(some, 8, generator=torch.Generator().manual_seed(seed), pool=4)
        return [[targets.tolist() for _, targets in batches] for _ in range(2)]

    first, second = passes(0)
    assert first != second
    assert passes(0) == [first, second] != passes(1)


def test_the_batches_of_one_pool_come_in_random_order():
    """Short sentences first in every pass would be a curriculum."""
    some = examples([[1] * length for length in range(1, 7)])
    batches = data.BucketBatches(some, 1, generator=torch.Generator().manual_seed(0))
    passes = [tuple(tokens.shape[1] for tokens, _ in batches) for _ in range(40)]
    assert all(sorted(lengths) == [1, 2, 3, 4, 5, 6] for lengths in passes)
    assert len(set(passes)) > 35  # of 720 orders
    assert {lengths[0] for lengths in passes} == {1, 2, 3, 4, 5, 6}


def test_sentences_of_one_length_change_their_company():
    some = examples([[1, 2]] * 12)
    batches = data.BucketBatches(some, 4, generator=torch.Generator().manual_seed(0))
    companies = {frozenset(targets.tolist()) for _ in range(20) for _, targets in batches}
    assert len(companies) > 50  # three in each pass, and no two passes alike


def test_one_pool_leaves_hardly_any_padding():
    generator = torch.Generator().manual_seed(0)
    rows = [[1] * int(n) for n in torch.randint(1, 7, (600,), generator=generator)]
    shares = {}
    for pool in (1, 100):
        tokens = [t.flatten() for t, _ in data.BucketBatches(examples(rows), 10, generator=generator, pool=pool)]
        shares[pool] = (torch.cat(tokens) == 0).double().mean().item()
    assert shares[100] < 0.03 < 0.3 < shares[1]


@pytest.mark.parametrize(("count", "size", "pool"), [(0, 1, 1), (3, 0, 1), (3, 1, 0)])
def test_buckets_of_nothing_are_refused(count, size, pool):
    with pytest.raises(ValueError, match="at least 1"):
        data.BucketBatches(data.Examples(torch.zeros(count, 4).long(), torch.zeros(count)), size, pool=pool)
