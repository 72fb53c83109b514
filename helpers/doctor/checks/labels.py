"""Whether labels go with their inputs: not at all, or all too well."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.collected import training_set
from helpers.doctor.probing.matter import labels_matter
from helpers.doctor.probing.program import Program

SHUFFLES = 20
SHIFTS = (-3, -2, -1, 1, 2, 3)  # rows


def check_label_column(program: Program) -> Iterator[Finding]:
    """Look for a column of the inputs that is the label under another name."""
    data = training_set(program)
    labels, flat = data.labels, data.flat
    if labels is None or flat is None or flat.shape[1] > 2000 or len(labels) < 50:
        return
    classes = torch.unique(labels)
    for column, values in enumerate(flat.T):
        levels = torch.unique(values)
        if len(levels) != len(classes):
            continue
        pairs = {(float(value), int(label)) for value, label in zip(values, labels, strict=True)}
        if len(pairs) == len(classes):
            yield found(
                "label-in-inputs",
                f"column {column} of the inputs takes {len(levels)} values in {len(labels)} samples, one a class",
                "suspicion",
            )
            return


def check_label_information(program: Program) -> Iterator[Finding]:
    """Guess labels from the nearest other sample and from a linear fit: both should beat shuffled labels."""
    data = training_set(program)
    labels, flat = data.labels, data.flat
    if labels is None or flat is None or data.inputs is None or data.inputs.dim() != 2 or len(labels) < 100:
        return
    labels, flat = labels[:2000], flat[:2000]
    shares = torch.unique(labels, return_counts=True)[1] / len(labels)
    if not 2 <= len(shares) <= 10 or float(shares.max()) > 0.8 or flat.shape[1] > len(flat) // 4:
        return
    scores = _guesses(labels, (flat - flat.mean(0)) / flat.std(0).clamp_min(1e-6))
    if all(score < chance + 1.5 * spread for score, chance, spread in scores.values()) and labels_matter(program):
        parts = [f"{100 * mine:.0f} % by {name} (shuffled {100 * by:.0f} %)" for name, (mine, by, _) in scores.items()]
        shift = _shift(labels, (flat - flat.mean(0)) / flat.std(0).clamp_min(1e-6))
        seen = f"labels are guessed {' and '.join(parts)}" + (f", and {shift}" if shift else "")
        yield found("label-without-information", seen, "fault" if shift else "suspicion")


def _shift(labels: Tensor, flat: Tensor) -> str:
    """Say how well labels are guessed from the nearest sample once they are moved by a few rows, if far better."""
    nearest = torch.cdist(flat, flat).fill_diagonal_(torch.inf).argmin(1)
    moved = {rows: labels.roll(rows) for rows in SHIFTS}
    shares = {rows: _share(other[nearest], other) for rows, other in moved.items()}
    best = max(shares, key=shares.__getitem__)
    if shares[best] < _share(labels[nearest], labels) + 0.2:
        return ""
    return f"{100 * shares[best]:.0f} % by the nearest once the labels are moved by {best} row{'s' * (abs(best) > 1)}"


def _guesses(labels: Tensor, flat: Tensor) -> dict[str, tuple[float, float, float]]:
    """Return, for two ways to guess, the share that is right, and mean and spread of it for shuffled labels."""
    nearest = torch.cdist(flat, flat).fill_diagonal_(torch.inf).argmin(1)
    guesses: dict[str, Callable[[Tensor], float]] = {
        "the nearest other sample": lambda y: _share(y[nearest], y),
        "a linear fit": lambda y: _linear(flat, y),
    }
    generator, scores = torch.Generator().manual_seed(0), {}
    for name, guess in guesses.items():
        orders = [torch.randperm(len(labels), generator=generator) for _ in range(SHUFFLES)]
        chance = torch.tensor([guess(labels[order]) for order in orders])
        scores[name] = (guess(labels), float(chance.mean()), float(chance.std()) + 1e-6)
    return scores


def _share(guess: Tensor, labels: Tensor) -> float:
    return float((guess == labels).float().mean())


def _linear(flat: Tensor, labels: Tensor) -> float:
    """Fit on every other sample, and return the share of the rest that is right."""
    design = torch.cat([flat, torch.ones_like(flat[:, :1])], 1)
    wanted = F.one_hot(labels).float()
    here, there = design[::2], design[1::2]
    square = here.T @ here + 1e-2 * len(here) * torch.eye(here.shape[1])
    return _share((there @ torch.linalg.solve(square, here.T @ wanted[::2])).argmax(1), labels[1::2])
