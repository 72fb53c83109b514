"""The reader's own evaluation against a count of each sample: the same figure, however the samples are batched."""

import math
from collections.abc import Iterator
from typing import Any

import torch

from helpers.doctor.causes import found
from helpers.doctor.checks.asking import Asking
from helpers.doctor.checks.averages import batch_by_batch
from helpers.doctor.checks.calls import check_evaluation_calls
from helpers.doctor.checks.earlier_calls import of_earlier_calls
from helpers.doctor.checks.figures import Answers, form_that_fits, right_figures, value_of, wrong_figures
from helpers.doctor.checks.other_data import of_other_data
from helpers.doctor.findings import Finding
from helpers.doctor.probing.loss_probe import LossProbe
from helpers.doctor.probing.program import Program, split
from helpers.doctor.probing.running import CLOSE, answers, furthest, kick, take_step
from helpers.doctor.probing.state import restored
from helpers.doctor.probing.trees import batch_length, cloned, joined, rows, tensors
from helpers.doctor.recording.run import trained


def check_evaluation(program: Program) -> Iterator[Finding]:
    """Look at what the evaluation hands to torch and what it keeps; then train a little, evaluate and count."""
    with restored(program):
        trained(program)  # from the start, before an evaluation changes anything
    with restored(program):
        handed = list(check_evaluation_calls(program))
    yield from handed
    if any(finding.cause == "evaluation-loss-of-scores" for finding in handed):
        return  # a figure that means nothing, or none at all
    with restored(program):
        kept = list(of_earlier_calls(program))
    yield from kept
    if kept:
        return
    yield from _after_training(program)


def _after_training(program: Program) -> Iterator[Finding]:
    """Look at modes and at the data that is read; then compare figures."""
    watch = Asking(program)
    watch.figure(program.valid_sample)
    yield from _modes(program, watch)
    yield from _mode_after(program)
    trained(program)
    other = list(of_other_data(program))
    yield from other or _of_figures(program, watch)


def _of_figures(program: Program, watch: Asking) -> Iterator[Finding]:
    """Evaluate the batches as given and cut otherwise, twice with other weights, and compare with a count."""
    pieces = [program.valid_sample, *_recut(program, watch)]
    outs: list[list[Answers]] = []
    reported: list[list[float]] = []
    for _ in range(2):
        one, two = (watch.figure(program.valid_sample) for _ in range(2))
        if not math.isfinite(one) or abs(one - two) > CLOSE * max(abs(one), 1e-6):
            return  # a random figure cannot be compared
        reported.append([watch.figure(batches) for batches in pieces])
        outs.append([_answered(program, batches) for batches in pieces] if program.answers_alone else [])
        kick(program.model, share=0.5)
    if len(set(watch.asked)) > len(watch.asked) / 16:  # each batch was asked about up to 8 times
        averages = list(batch_by_batch(watch.figure, program.valid_sample))
        yield from _compare(program, outs, reported, averages)


def _modes(program: Program, watch: Asking) -> Iterator[Finding]:
    """The evaluation was called on a model in train mode: it should have switched, where that matters."""
    if watch.moved:
        yield found("evaluation-changes-model", "the model's weights are not the same after the evaluation")
    if not watch.trained or len(set(watch.asked)) < len(watch.asked):
        return
    change = _difference_of_modes(program)
    if change > CLOSE:
        yield found(
            "evaluation-in-train-mode",
            f"the evaluation asks the model in train mode, which changes its answers by {100 * change:.0f} %",
            "suspicion",
        )


def _difference_of_modes(program: Program) -> float:
    if not program.answers_alone:
        return 0.0
    inputs = split(program.valid_sample[0])[0]
    return furthest(answers(program, inputs), answers(program, inputs, train=True))


def _mode_after(program: Program) -> Iterator[Finding]:
    """Evaluate, then take a training step: it should run in train mode, where that matters."""
    if program.train_step is None or program.evaluate is None or _difference_of_modes(program) <= CLOSE:
        return
    program.model.train()
    program.evaluate(program.model, cloned(program.valid_sample[:1]))
    modes: list[bool] = []
    hook = program.model.register_forward_pre_hook(lambda module, _: modes.append(module.training))
    try:
        take_step(program, cloned(program.sample[0]))
    finally:
        hook.remove()
    if modes and not any(modes):
        seen = "evaluate() leaves the model in eval mode, and the next train_step() does not leave it"
        yield found("evaluation-leaves-eval-mode", seen, "suspicion")


def _recut(program: Program, watch: Asking) -> list[list[Any]]:
    """Return the same samples in two unequal batches, in another order; nothing where they or the evaluation fail."""
    parts = program.valid_sample
    if not all(isinstance(part, (tuple, list)) for part in parts):
        return []
    single = [rows(part, slice(i, i + 1)) for part in parts for i in range(batch_length(part))]
    order = torch.randperm(len(single), generator=torch.Generator().manual_seed(0)).tolist()
    big = (2 * len(single)) // 3
    if big < 1:
        return []
    try:
        cut = [joined([single[i] for i in part]) for part in (order[:big], order[big:])]
        watch.figure(cut)
    except (RuntimeError, TypeError, ValueError, IndexError):
        return []
    return [cut]


def _compare(
    program: Program, outs: list[list[Answers]], reported: list[list[float]], averages: list[Finding]
) -> Iterator[Finding]:
    """Find the figure that is the reported one for both models and all batchings; else ask that batching is idle."""
    flat_outs, said = [each for row in outs for each in row], [each for row in reported for each in row]
    scores = _border_is_zero(program) if flat_outs else None
    right = right_figures(scores)
    if flat_outs and any(form_that_fits(figure, flat_outs, said) for figure in right.values()):
        return
    for cause, how, figure in wrong_figures(scores) if flat_outs else ():
        form = form_that_fits(figure, flat_outs, said)
        if form is not None:
            values = [form(value_of(each, flat_outs[0])) for each in right.values()]
            truth = ", ".join(f"{value:.3f}" for value in values if value == value)
            yield found(cause, f"the evaluation says {said[0]:.3f}, which is {how}; counted by sample it is {truth}")
            return
    apart = [row for row in reported if len(row) > 1 and abs(row[0] - row[1]) > 1e-3 * max(abs(row[0]), 1e-6)]
    compared = any(out.dim() >= 2 and out.shape[1] == len(out) for each in flat_outs for out in each[0])
    if averages and not compared:
        yield from averages
    elif apart and not compared:
        yield found(
            "evaluation-depends-on-batching",
            f"the evaluation says {apart[0][0]:.4g}, and {apart[0][1]:.4g} for the same samples in other batches",
            "suspicion",
        )


def _border_is_zero(program: Program) -> bool | None:
    """True where the loss takes one score with its border at 0, False for a probability or a 0-or-1 fit."""
    if program.loss_fn is None:
        return None
    probe = LossProbe(program, program.sample[0])
    targets = probe.targets
    if targets is None or targets.shape != probe.answer.shape or not targets.is_floating_point():
        return None
    fitted, scored = probe.value(targets), probe.value(12 * (2 * targets - 1))
    return None if fitted != fitted and scored != scored else bool(scored < fitted)


def _answered(program: Program, batches: list[Any]) -> Answers:
    outs, labels = [], []
    for batch in batches:
        inputs, targets = split(batch)
        outs.append(answers(program, inputs)[0])
        labels.append(next(tensors(targets)))
    return outs, labels
