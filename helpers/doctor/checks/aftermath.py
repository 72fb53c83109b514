"""What a short training leaves behind: a code that collapsed, a rare class forgotten, two modes far apart."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.clock import Clock
from helpers.doctor.probing.collected import Collected
from helpers.doctor.probing.interception import WithoutDropout
from helpers.doctor.probing.program import Program, loss_of, split
from helpers.doctor.probing.running import answers, furthest, largest_batch, mode_of, take_step, train_for
from helpers.doctor.probing.state import restored
from helpers.doctor.probing.trees import batch_length, cloned, tensors
from helpers.doctor.recording.run import trained

MORE, SECONDS = 120, 4.0  # steps, for what shows late only
NORMS = torch.nn.modules.batchnorm._BatchNorm


def check_aftermath(program: Program) -> Iterator[Finding]:
    """Train a little, as the program does it, and look at the model again, where there is something to look for."""
    batch = largest_batch(program)
    inputs = split(batch)[0]
    program.model.train()
    long = program.answers_alone and (_rebuilds(program, inputs) or any(_rare(program)))
    if not long and not _norms(program):
        return
    losses = list(trained(program).losses)
    losses += train_for(program, MORE, SECONDS) if long else []
    if not losses or losses[-1] != losses[-1]:
        return
    _settle(program)
    if program.has_loss:
        yield from _modes_apart(program, len(losses))
    if not program.answers_alone:
        return
    after = answers(program, inputs)
    yield from _posterior(program, inputs, after, len(losses))
    yield from _forgotten(program, len(losses))


def check_one_batch(program: Program) -> Iterator[Finding]:
    """Train on one batch over and over, where a training on several has not lowered the loss: most can learn it."""
    with restored(program):
        whole = trained(program).losses
    if whole and min(whole[len(whole) // 2 :]) < 0.6 * whole[0]:
        return
    batch, losses, clock = largest_batch(program), list[float](), Clock(1.5)
    program.model.train()
    while len(losses) < 30 and not clock.over and not (len(losses) > 5 and max(losses[-5:]) < 0.8 * losses[0]):
        losses.append(take_step(program, cloned(batch)))
    if len(losses) >= 30 and 0 < 0.8 * losses[0] < min(losses[-5:]):
        seen = f"after {len(losses)} steps on one batch its loss is {losses[-1]:.3g}, {losses[0]:.3g} at the start"
        yield found("cannot-memorize-batch", seen, "note")


def _posterior(program: Program, inputs: Any, after: list[Tensor], steps: int) -> Iterator[Finding]:
    """A model that draws its code in train mode only, and rebuilds its input: does it?"""
    given = next(tensors(inputs), None)
    if given is None or not _rebuilds(program, inputs):
        return
    with WithoutDropout():
        drawn = furthest(answers(program, inputs, train=True), answers(program, inputs, train=True, seed=1))
    spread = float(given.var(0).mean())
    rebuilt = float((after[0] - after[0].mean(0)).square().mean()) / max(spread, 1e-12)
    if drawn > 1e-3 and rebuilt < 0.25:
        yield found(
            "posterior-collapsed",
            f"after {steps} steps what is rebuilt varies {100 * rebuilt:.0f} % as much as the input does",
            "suspicion",
        )


def _rebuilds(program: Program, inputs: Any) -> bool:
    """True where the answer is as large as the input, and two more tensors come with it: a mean and a spread."""
    given, found_ = next(tensors(inputs), None), answers(program, inputs)
    return given is not None and given.is_floating_point() and len(found_) > 2 and found_[0].numel() == given.numel()


def _norms(program: Program) -> bool:
    """True where the loss can be asked for, and a BatchNorm is in train mode."""
    return program.has_loss and any(isinstance(one, NORMS) and one.training for one in program.model.modules())


def _modes_apart(program: Program, steps: int) -> Iterator[Finding]:
    """Compare the loss in train mode and in eval mode, with dropout off in both."""
    if not _norms(program):
        return
    train, evaluated = (_mean_loss(program, mode) for mode in (True, False))
    if evaluated > 2 * train + 0.1:
        alone = max(batch_length(batch) for batch in program.sample) == 1
        cause = "batchnorm-of-one-sample" if alone else "train-eval-apart"
        size = "of one sample " if alone else ""
        yield found(
            cause,
            f"after {steps} steps the loss on the training batches {size}is {train:.2g} in train mode and "
            f"{evaluated:.2g} in eval mode, with dropout off in both",
            "fault" if alone else "suspicion",
        )


def _settle(program: Program) -> None:
    """Let every BatchNorm gather the statistics of the weights as they are now: a short training leaves them behind."""
    norms = [module for module in program.model.modules() if isinstance(module, NORMS) and module.training]
    if not norms or not program.has_loss:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all that comes
    for batch in program.sample:
        with WithoutDropout(), torch.no_grad(), attributes_of(program.model):
            loss_of(program, batch)


def _mean_loss(program: Program, train: bool) -> float:
    losses = []
    for batch in program.sample:
        with mode_of(program.model, train), WithoutDropout(), torch.no_grad(), attributes_of(program.model):
            losses.append(float(loss_of(program, batch)))
    return sum(losses) / len(losses)


def _forgotten(program: Program, steps: int) -> Iterator[Finding]:
    """A rare class that is never predicted although the scores tell it apart."""
    for label, labels, scores in _rare(program):
        rare, mine = labels == label, scores[:, label] - _best_other(scores, label)
        recall, order = float((mine[rare] > 0).float().mean()), _above(mine[rare], mine[~rare])
        if recall <= 0.2 and order > 0.65:
            yield found(
                "majority-only",
                f"after {steps} steps {100 * recall:.0f} % of the {int(rare.sum())} samples of class {label}, of "
                f"{len(labels)} in all, are found, though they score above others in {100 * order:.0f} % of pairs",
                "suspicion",
            )
            return


def _rare(program: Program) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Yield each class that few samples have, with the labels (N,) and the scores (N, K) of all."""
    labels = Collected(program.sample).labels
    if labels is None or len(labels) < 50:
        return
    parts = [answers(program, split(batch)[0])[0].cpu() for batch in program.sample]
    if len({part.shape[1:] for part in parts}) > 1 or parts[0].dim() != 2:
        return
    scores = _scores(torch.cat(parts), labels)
    if scores is None or scores.shape[1] == len(parts[0]):
        return
    for label, count in zip(*torch.unique(labels, return_counts=True), strict=True):
        if 5 <= int(count) <= min(0.15, 0.4 / scores.shape[1]) * len(labels):
            yield int(label), labels, scores


def _scores(out: Tensor, labels: Tensor) -> Tensor | None:
    """Return scores (N, K) with one column for each class; a single score becomes two columns around its threshold."""
    if out.dim() != 2 or len(out) != len(labels):
        return None
    if out.shape[1] == 1:
        middle = 0.5 if bool(((out >= 0) & (out <= 1)).all()) else 0.0
        return torch.cat([torch.zeros_like(out), out - middle], 1)
    return out if int(labels.max()) < out.shape[1] else None


def _best_other(scores: Tensor, label: int) -> Tensor:
    others = scores.clone()
    others[:, label] = -torch.inf
    return others.max(1).values


def _above(high: Tensor, low: Tensor) -> float:
    """Return the share of pairs in which the first score is the higher one."""
    return float((high[:500, None] > low[None, :2000]).float().mean())
