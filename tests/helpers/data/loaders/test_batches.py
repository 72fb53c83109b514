import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.data import Batches, Examples
from helpers.data.loaders.batches import COPY_BYTES

# Times say nothing on a machine that does other work too.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def examples(rows, width=3):
    """Rows that tell which one they are, so that inputs and targets can be compared."""
    targets = torch.arange(rows)
    return Examples(targets.float().view(-1, 1).expand(rows, width).contiguous(), targets)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def order(batches):
    return [row for _, targets in batches for row in targets.tolist()]


SIZES = st.integers(1, 200), st.integers(1, 210), st.integers(0, 2**32)
# Rows of 4 bytes, so that all batches are copied at once; and of 40 kB, so that a pass takes several copies.
WIDTHS = st.sampled_from([1, 10_000])


@patient
@given(*SIZES, WIDTHS, st.booleans())
def test_every_example_comes_once_in_each_pass(rows, size, seed, width, shuffle):
    given_rows = examples(rows, width)
    batches = Batches(given_rows, size, generator=seeded(seed), shuffle=shuffle)
    for _ in range(2):
        lengths = []
        for inputs, targets in batches:
            assert inputs.shape == (len(targets), width)
            assert torch.equal(inputs[:, -1], targets.float())  # still together
            lengths.append(len(targets))
        assert sorted(order(batches)) == list(range(rows))
        assert lengths == [size] * (rows // size) + ([rows % size] if rows % size else [])
        assert len(batches) == len(lengths)
    assert torch.equal(given_rows.targets, torch.arange(rows))  # nothing is shuffled in place


@patient
@given(*SIZES)
def test_drop_last_drops_what_does_not_fill_a_batch(rows, size, seed):
    if rows < size:
        with pytest.raises(ValueError, match=f"{rows} examples do not fill one of {size}"):
            Batches(examples(rows), size, generator=seeded(seed), drop_last=True)
        return
    batches = Batches(examples(rows), size, generator=seeded(seed), drop_last=True)
    lengths = [len(targets) for _, targets in batches]
    assert lengths == [size] * (rows // size)
    assert len(batches) == len(lengths)
    assert len(set(order(batches))) == rows // size * size
    plain = Batches(examples(rows), size, shuffle=False, drop_last=True)
    assert order(plain) == list(range(rows // size * size))


@patient
@given(*SIZES)
def test_the_generator_decides_the_order(rows, size, seed):
    first, second = (Batches(examples(rows), size, generator=seeded(seed)) for _ in range(2))
    expected = torch.randperm(rows, generator=seeded(seed)).tolist()
    assert order(first) == order(second) == expected  # one permutation per pass, whatever the batch size
    assert order(first) == order(second)


def test_each_pass_has_its_own_order_and_each_seed_too():
    batches = Batches(examples(50), 8, generator=seeded(1))
    first, second = order(batches), order(batches)
    assert first != second
    assert order(Batches(examples(50), 8, generator=seeded(2))) not in (first, second, list(range(50)))


def test_a_saved_generator_state_continues_the_passes():
    batches = Batches(examples(20), 6, generator=seeded(3))
    order(batches)
    state = batches.generator.get_state()
    expected = [order(batches), order(batches)]
    resumed = Batches(examples(20), 6, generator=torch.Generator())
    resumed.generator.set_state(state)
    assert [order(resumed), order(resumed)] == expected


def test_order_does_not_depend_on_how_many_rows_are_copied_together():
    width = COPY_BYTES // 4  # each row fills a copy
    many, few = examples(7, 1), examples(7, width)
    assert order(Batches(many, 2, generator=seeded(4))) == order(Batches(few, 2, generator=seeded(4)))


def test_without_shuffling_the_rows_stay_in_order_and_no_generator_is_needed():
    batches = Batches(examples(7), 3, shuffle=False)
    assert [targets.tolist() for _, targets in batches] == [[0, 1, 2], [3, 4, 5], [6]]
    assert batches.generator is None


def test_a_shuffled_batch_is_a_copy():
    given_rows = examples(4)
    for inputs, _ in Batches(given_rows, 2, generator=seeded()):
        inputs.zero_()
    assert given_rows.inputs[:, 0].tolist() == [0, 1, 2, 3]


def test_two_passes_at_once_do_not_disturb_each_other():
    batches = Batches(examples(10), 1, generator=seeded(5))
    pairs = list(zip(batches, batches, strict=True))
    assert sorted(int(a[1]) for a, _ in pairs) == sorted(int(b[1]) for _, b in pairs) == list(range(10))


@pytest.mark.parametrize(
    ("rows", "size", "options", "message"),
    [
        (0, 4, {"shuffle": False}, "at least one example"),
        (4, 0, {"shuffle": False}, "at least 1, but is 0"),
        (4, -3, {"shuffle": False}, "at least 1, but is -3"),
        (4, 2, {}, r"Pass generator=run\.generator\(\), or shuffle=False"),
    ],
)
def test_what_cannot_be_batched_is_refused(rows, size, options, message):
    with pytest.raises(ValueError, match=message):
        Batches(examples(rows), size, **options)
