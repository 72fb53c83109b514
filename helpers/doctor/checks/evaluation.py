"""The reader's own evaluation against a count of each sample: the same figure, however the samples are batched."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing import CLOSE, answers, attributes_of, furthest, kick, train_for
from helpers.doctor.program import Program, split
from helpers.doctor.trees import batch_length, cloned, joined, rows, tensors

Figure = Callable[[list[Tensor], list[Tensor]], float]
SECONDS = 2.0


def check_evaluation(program: Program) -> Iterator[Finding]:
    """Evaluate after a little training, with the batches as given and cut otherwise, and count for ourselves."""
    train_for(program, 100, SECONDS)
    watch = _Watch(program)
    first = watch.figure(program.valid_sample)
    yield from _modes(program, watch)
    kick(program.model, share=0.5)
    one, two = (watch.figure(program.valid_sample) for _ in range(2))
    repeats = len(set(watch.asked)) < len(watch.asked) / 4
    if not math.isfinite(first) or abs(one - two) > CLOSE * max(abs(one), 1e-6) or repeats:
        return  # a random figure cannot be compared
    cut = _recut(program.valid_sample)
    pieces = [batches for batches in (program.valid_sample, cut) if batches]
    reported = [watch.figure(batches) for batches in pieces]
    kick(program.model, share=0.5, seed=2)
    reported += [watch.figure(batches) for batches in pieces]
    yield from _compare(program, pieces, reported)


class _Watch:
    """Calls the reader's evaluation and notes in which mode the model was asked."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.trained = self.moved = False
        self.asked: list[bytes] = []

    def figure(self, batches: list[Any]) -> float:
        """Return the evaluation's figure on these batches, asked in train mode first; NaN where it is no number."""
        model, evaluate = self.program.model, self.program.evaluate
        if evaluate is None:
            return float("nan")
        before = [parameter.detach().clone() for parameter in model.parameters()]
        model.train()
        hook = model.register_forward_pre_hook(self._note, with_kwargs=True)
        try:
            with attributes_of(model):
                value = evaluate(model, cloned(batches))
        finally:
            hook.remove()
        self.moved |= any(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
        value = next(iter(value.values())) if isinstance(value, dict) and value else value
        return float(value[0] if isinstance(value, (tuple, list)) and value else value)

    def _note(self, module: nn.Module, given: tuple[Any, ...], kwargs: Any) -> None:
        self.trained |= module.training
        first = next(tensors([given, kwargs]), None)
        self.asked.append(b"" if first is None else first.detach().cpu().contiguous().numpy().tobytes()[:4096])


def _modes(program: Program, watch: _Watch) -> Iterator[Finding]:
    """The evaluation was called on a model in train mode: it should have switched, where that matters."""
    if watch.moved:
        yield found("evaluation-changes-model", "the model's weights are not the same after the evaluation")
    inputs = split(program.valid_sample[0])[0]
    if not watch.trained or len(set(watch.asked)) < len(watch.asked) or not program.answers_alone:
        return
    change = furthest(answers(program.model, inputs), answers(program.model, inputs, train=True))
    if change > CLOSE:
        yield found(
            "evaluation-in-train-mode",
            f"the evaluation asks the model in train mode, which changes its answers by {100 * change:.0f} %",
            "suspicion",
        )


def _recut(batches: list[Any]) -> list[Any]:
    """Return the same samples in two unequal batches, in another order; nothing where they do not join."""
    parts = [batch for batch in batches if isinstance(batch, (tuple, list))]
    if len(parts) < len(batches) or len({len(list(tensors(part))) for part in parts}) > 1:
        return []
    single = [rows(part, slice(i, i + 1)) for part in parts for i in range(batch_length(part))]
    generator = torch.Generator().manual_seed(0)
    single = [single[i] for i in torch.randperm(len(single), generator=generator).tolist()]
    big = max(1, (2 * len(single)) // 3)
    try:
        return [joined(single[:big]), joined(single[big:])] if len(single) > big else []
    except (RuntimeError, TypeError):
        return []


def _hits(pick: Callable[[Tensor], Tensor], by_batch: bool = False) -> Figure:
    """Return the share of labels that are picked; over all samples, or as a mean of the batches' means."""

    def figure(outs: list[Tensor], labels: list[Tensor]) -> float:
        right = [
            (pick(out) == label.reshape(pick(out).shape if pick(out).dim() else label.shape))
            for out, label in zip(outs, labels, strict=True)
        ]
        means = [float(each.float().mean()) for each in right]
        sizes = [1 if by_batch else each.numel() for each in right]
        return sum(m * n for m, n in zip(means, sizes, strict=True)) / sum(sizes)

    return figure


RIGHT: dict[str, Figure] = {
    "accuracy": _hits(lambda out: out.argmax(1)),
    "accuracy of scores over 0": _hits(lambda out: (out > 0).float()),
    "accuracy of probabilities over 0.5": _hits(lambda out: (out > 0.5).float()),
}
WRONG: dict[str, tuple[str, Figure]] = {
    "argmax over the whole batch": ("evaluation-takes-wrong-axis", _hits(lambda out: out.argmax())),
    "argmax over the batch, dim=0": ("evaluation-takes-wrong-axis", _hits(lambda out: out.argmax(0))),
    "softmax over the batch, dim=0": ("evaluation-takes-wrong-axis", _hits(lambda out: out.softmax(0).argmax(1))),
    "the mean of the batches' accuracies": (
        "evaluation-averages-batches",
        _hits(lambda out: out.argmax(1), by_batch=True),
    ),
}


def _compare(program: Program, pieces: list[list[Any]], reported: list[float]) -> Iterator[Finding]:
    """Find a figure that is the reported one for both models and all batchings; else ask only that batching is idle."""
    cut_apart = len(pieces) == 2 and any(
        abs(reported[i] - reported[i + 1]) > 1e-3 * max(abs(reported[i]), 1e-6) for i in (0, 2)
    )
    if not program.answers_alone:
        if cut_apart:
            yield _by_batching(reported, "suspicion")
        return
    outs = [_answered(program, batches) for batches in pieces]  # of the model as it is now, kicked
    latest = reported[-len(pieces) :]
    if any(_fits(figure, outs, latest) for figure in RIGHT.values()):
        return
    truth = _value(RIGHT["accuracy"], *outs[0])
    for name, (cause, figure) in WRONG.items():
        if _fits(figure, outs, latest):
            yield found(
                cause, f"the evaluation says {latest[0]:.3f}, which is {name}; counted by sample it is {truth:.3f}"
            )
            return
    if cut_apart and not _batch_counts(outs):
        yield _by_batching(reported, "suspicion")


def _by_batching(reported: list[float], grade: str) -> Finding:
    return found(
        "evaluation-depends-on-batching",
        f"the evaluation says {reported[0]:.4g}, and {reported[1]:.4g} for the same samples in other batches",
        grade,
    )


def _batch_counts(outs: list[tuple[list[Tensor], list[Tensor]]]) -> bool:
    """True where samples are compared with one another on purpose, so that batching is part of the figure."""
    return any(out.dim() >= 2 and out.shape[1] == len(out) for out in outs[0][0] + outs[1][0])


def _answered(program: Program, batches: list[Any]) -> tuple[list[Tensor], list[Tensor]]:
    outs, labels = [], []
    for batch in batches:
        inputs, targets = split(batch)
        outs.append(answers(program.model, inputs)[0])
        labels.append(next(tensors(targets)))
    return outs, labels


def _value(figure: Figure, outs: list[Tensor], labels: list[Tensor]) -> float:
    try:
        return figure(outs, labels)
    except (RuntimeError, IndexError, ValueError):
        return float("nan")


def _fits(figure: Figure, outs: list[tuple[list[Tensor], list[Tensor]]], reported: list[float]) -> bool:
    """True where this figure, as a share, in percent or as an error, is what was reported for every batching."""
    values = [_value(figure, *each) for each in outs]
    forms: list[Callable[[float], float]] = [lambda v: v, lambda v: 100 * v, lambda v: 1 - v, lambda v: 100 - 100 * v]
    return any(
        all(abs(form(value) - said) < 1e-4 * max(1.0, abs(said)) for value, said in zip(values, reported, strict=True))
        for form in forms
    )
