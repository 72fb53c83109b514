import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.data import Examples, Splits
from helpers.data.splits import holdout, stratified

# Times say nothing on a machine that does other work too.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def numbered(counts):
    """Examples whose input is their number, counts[k] of class k, mixed up."""
    labels = torch.cat([torch.full((count,), k) for k, count in enumerate(counts)])
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))]
    return Examples(torch.arange(len(labels)).float().view(-1, 1), labels)


@patient
@given(st.lists(st.integers(10, 60), min_size=2, max_size=5), st.integers(0, 2**32 - 1))
def test_splits_are_disjoint_complete_and_stratified(counts, seed):
    examples = numbered(counts)
    parts = stratified(examples, seed)
    rows = [int(row) for part in parts for row in part.inputs]
    assert sorted(rows) == list(range(len(examples)))
    for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        assert abs(len(part) - share * len(examples)) <= 2
        assert torch.equal(examples.targets[part.inputs[:, 0].long()], part.targets)
        for k, count in enumerate(counts):
            assert abs(int((part.targets == k).sum()) - share * count) <= 2
    again = stratified(examples, seed)
    assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(parts, again, strict=True))


def test_the_seed_decides_the_split():
    examples = numbered([50, 50])
    first, second = stratified(examples, 0)[0], stratified(examples, 1)[0]
    assert not torch.equal(first.inputs, second.inputs)


def test_holdout_takes_a_number_of_examples():
    rest, held = holdout(numbered([60, 40]), 20, 0)
    assert (len(rest), len(held)) == (80, 20)
    assert held.targets.bincount().tolist() == [12, 8]


def test_map_changes_the_inputs_of_the_three_parts_and_nothing_else():
    train, valid, test = stratified(numbered([20, 20]), 0)
    splits = Splits("numbers", train, valid, test, ["a", "b"], ["number"])
    seen = []

    def doubled(inputs):
        seen.append(len(inputs))
        return inputs * 2

    mapped = splits.map(doubled)
    assert seen == [24, 8, 8]
    for name in ("train", "valid", "test"):
        before, after = getattr(splits, name), getattr(mapped, name)
        assert torch.equal(after.inputs, before.inputs * 2)
        assert torch.equal(after.targets, before.targets)
    assert (mapped.name, mapped.classes, mapped.features) == ("numbers", ["a", "b"], ["number"])


def test_map_refuses_a_transform_that_loses_rows():
    train, valid, test = stratified(numbered([20, 20]), 0)
    with pytest.raises(ValueError, match="one target per input"):
        Splits("numbers", train, valid, test, [], []).map(lambda inputs: inputs[1:])
