"""Training against validation: samples in both, other scaling, other numbers for the same class."""

from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.collected import Collected, training_set, validation_set
from helpers.doctor.probing.program import Program

COMPARED = 2000  # samples of each side in the search for neighbours


def check_overlap(program: Program) -> Iterator[Finding]:
    """Count validation samples that stand in the training set, number for number."""
    train, valid = _samples(training_set(program)), _samples(validation_set(program))
    if train is None or valid is None or train.shape[1:] != valid.shape[1:] or not _unlikely_twice(valid, train):
        return
    known = {_bytes(row) for row in train}
    both = sum(_bytes(row) in known for row in valid)
    if both >= 2 and both >= 0.01 * len(valid) and both > _by_chance(train, len(valid)):
        yield found(
            "valid-overlaps-train",
            f"{both} of {len(valid)} validation samples ({100 * both / len(valid):.0f} %) stand in the training set",
            "fault" if both >= 0.05 * len(valid) else "suspicion",
        )


def _samples(data: Collected) -> Tensor | None:
    """Return the inputs; beside a single number stands its target, since two samples may well have one number."""
    inputs, targets = data.inputs, data.targets
    if inputs is None or inputs[0].numel() > 1 or not inputs.is_floating_point():
        return inputs
    if targets is None or len(targets) != len(inputs) or not targets.is_floating_point():
        return None
    return torch.cat([inputs.reshape(len(inputs), -1), targets.reshape(len(targets), -1).to(inputs)], 1)


def _by_chance(train: Tensor, count: int) -> float:
    """Return how many of so many samples may well stand in the training set, where short rows of tokens meet in it."""
    if train.is_floating_point():
        return 0.0
    known = {_bytes(row) for row in train}
    expected = count * (1 - len(known) / len(train)) * 2  # of two equal rows, both have met another one
    return expected + 3 * float(expected**0.5)


def _bytes(row: Tensor) -> bytes:
    return (
        row.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        if row.dtype != torch.bool
        else str(row).encode()
    )


def _unlikely_twice(valid: Tensor, train: Tensor) -> bool:
    """True where equal samples do not come by chance: several columns take many values, or rows are long and differ."""
    rows = valid[:COMPARED].reshape(min(len(valid), COMPARED), -1)
    if rows.is_floating_point():
        varied = sum(len(torch.unique(column)) > 0.3 * len(rows) for column in rows.T[:64])
        return varied >= min(2, rows.shape[1])
    some = train[:COMPARED].reshape(min(len(train), COMPARED), -1)
    return rows.shape[1] >= 6 and len(torch.unique(some, dim=0)) > 0.95 * len(some)


def check_twins(program: Program) -> Iterator[Finding]:
    """Look for validation samples with a training sample far nearer than all others, such as a noisy copy."""
    train, valid = training_set(program).flat, validation_set(program).flat
    if train is None or valid is None or train.shape[1:] != valid.shape[1:] or min(len(valid), len(train) // 3) < 20:
        return
    if train.shape[1] < 4:
        return
    train, valid = train[:COMPARED], valid[:COMPARED]
    near = torch.cdist(*_standard(valid, train)).sort(1).values
    middle = near[:, 10].clamp_min(1e-12)
    crowded = float((middle / near[:, 20].clamp_min(1e-12)).median())  # near 1 where samples fill many dimensions
    twins = (near[:, 0] > 0) & (near[:, 0] < 0.1 * middle)
    if crowded > 0.75 and float(twins.float().mean()) > 0.1:
        yield found(
            "valid-overlaps-train",
            f"{int(twins.sum())} of {len(valid)} validation samples have a training sample more than ten times nearer "
            "than their tenth nearest, as a changed copy has",
            "suspicion",
        )


def check_scaling(program: Program) -> Iterator[Finding]:
    """Compare mean and spread of the inputs of both sides."""
    train, valid = training_set(program).flat, validation_set(program).flat
    if train is None or valid is None or len(valid) < 20 or train.shape[1] != valid.shape[1]:
        return
    (middle, spread), (there, other) = _middle(train), _middle(valid)
    size = max(spread, 1e-12)
    if min(spread, other) > 0 and (not 0.3 < other / size < 3.3 or abs(middle - there) > 3 * spread):
        yield found(
            "valid-scaled-otherwise",
            f"two thirds of the training inputs lie within {spread:.3g} of {middle:.3g}, those of validation within "
            f"{other:.3g} of {there:.3g}",
            "fault" if not 0.03 < other / size < 30 else "suspicion",
        )


def _middle(values: Tensor) -> tuple[float, float]:
    """Return the middle of the values and half the width around it that holds two thirds; outliers do not count."""
    flat = values.reshape(-1)
    some = flat[torch.linspace(0, len(flat) - 1, min(len(flat), 100_000)).long()]
    low, middle, high = torch.quantile(some, torch.tensor([1 / 6, 0.5, 5 / 6])).tolist()
    return middle, (high - low) / 2


def check_labels(program: Program) -> Iterator[Finding]:
    """Label validation samples by their nearest training sample: a class that always gets another's number."""
    train, valid = training_set(program), validation_set(program)
    yield from list(_renamed(train, valid)) or _unseen(train, valid)  # a class with another number was seen


def _renamed(train: Collected, valid: Collected) -> Iterator[Finding]:
    """Look for classes whose samples lie where training has another class, one and the same for each."""
    known, asked = train.labels, valid.labels
    if known is None or asked is None or train.flat is None or valid.flat is None:
        return
    if train.flat.shape[1:] != valid.flat.shape[1:] or len(asked) < 20:
        return
    guess = known[:COMPARED][_nearest(valid.flat[:COMPARED], train.flat[:COMPARED])]
    asked = asked[:COMPARED]
    plain = float((guess == asked).float().mean())
    named = {int(label): int(guess[asked == label].mode().values) for label in torch.unique(asked)}
    translated = torch.tensor([named[int(label)] for label in asked])
    best = float((guess == translated).float().mean())
    wrong = {label: other for label, other in named.items() if label != other}
    if wrong.keys() <= set(asked.tolist()) - set(known.tolist()):
        return  # training has no such class, and whatever is nearest is another one
    sure = all(float((guess[asked == label] == other).float().mean()) > 0.7 for label, other in wrong.items())
    if wrong and sure and best > 0.7 and best > plain + 0.2 and len(set(named.values())) == len(named):
        pairs = ", ".join(f"{label} where training says {other}" for label, other in list(wrong.items())[:3])
        yield found(
            "label-map-differs",
            f"by their nearest training sample, {100 * plain:.0f} % of the validation labels are right, and "
            f"{100 * best:.0f} % once renamed: validation says {pairs}",
        )


def _nearest(asked: Tensor, known: Tensor) -> Tensor:
    return torch.cdist(*_standard(asked, known)).argmin(1)


def _standard(asked: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    mean, spread = known.mean(0), known.std(0).clamp_min(1e-6)
    return (asked - mean) / spread, (known - mean) / spread


def _unseen(train: Collected, valid: Collected) -> Iterator[Finding]:
    """Look for classes that only validation has."""
    known, asked = train.labels, valid.labels
    if known is None or asked is None or not train.whole:
        return
    unseen = sorted(set(asked.tolist()) - set(known.tolist()))
    if unseen:
        yield found(
            "class-never-seen",
            f"classes {unseen[:5]} have {int(torch.isin(asked, torch.tensor(unseen)).sum())} validation samples and "
            "no training sample",
            "suspicion",
        )
