"""Who is compared with whom: each answer with its own target, or with others' targets."""

from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.loss_probe import LossProbe
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import drawn_from, kick, largest_batch
from helpers.doctor.probing.trees import tensors

SAME = 1e-6
FAR = 100.0


def check_pairs(program: Program) -> Iterator[Finding]:
    """Permute the targets among the samples: a loss that compares each answer with its own target must change."""
    kick(program.model)
    probe = LossProbe(program, largest_batch(program))
    _tell_apart(probe)
    for part in list(tensors(probe.whole_targets))[:4]:
        probe.targets = part
        yield from _permuted(program, probe)
        yield from _crossed(probe)


def _tell_apart(probe: LossProbe) -> None:
    """Give each sample an answer of its own where the model's answers hardly differ."""
    answer = probe.answer
    size = max(float(answer.abs().max()), 1e-3) if answer.numel() else 1.0
    if answer.dim() and len(answer) > 1 and float((answer - answer[:1]).abs().max()) < 0.05 * size:
        with drawn_from(0):
            probe.answer = answer + 0.3 * size * torch.randn(answer.shape).to(answer)


def _permuted(program: Program, probe: LossProbe) -> Iterator[Finding]:
    answer, targets = probe.answer, probe.targets
    if targets is None or targets.dim() == 0 or answer.dim() == 0 or len(targets) != len(answer) or len(answer) < 3:
        return
    shapes = f"output {tuple(answer.shape)}, target {tuple(targets.shape)}"
    other = targets[_farthest(targets)].expand_as(targets)
    base = probe.value(answer)
    if not bool((targets != targets[:1]).any()) or base != base:
        return
    if _equal(base, probe.value(answer, other)):
        if (program.step is None or _made_for(probe)) and _equal(base, probe.value(answer, targets.flip(0))):
            yield found("loss-ignores-target", f"{shapes}: other targets leave the loss at {base:.4g}", "suspicion")
        return
    orders = [torch.arange(len(answer)).roll(shift) for shift in (1, 2, len(answer) // 2)]
    permuted = [probe.value(answer, targets[order]) for order in orders]
    same = all(_equal(base, value) for value in permuted) and not _drowned(probe, orders)
    if same and _additive(probe, targets, other):
        yield found("loss-broadcasts", f"{shapes}: giving each sample another's target leaves the loss at {base:.4g}")
        return
    yield from _along_an_axis(probe, base, shapes)


def _drowned(probe: LossProbe, orders: list[Tensor]) -> bool:
    """True where rounding beside far larger targets hides the answers: answers of the targets' size change the loss."""
    answer, targets = probe.answer, probe.targets
    if targets is None or not targets.is_floating_point():
        return False
    wanted = float(targets.abs().max())
    if wanted < FAR * float(answer.abs().max()):
        return False
    with drawn_from(0):
        large = wanted * torch.randn(answer.shape).to(answer)
    base = probe.value(large)
    return not all(_equal(base, probe.value(large, targets[order])) for order in orders)


def _made_for(probe: LossProbe) -> bool:
    """True where the answer has the form of its targets, numbers, and not that of an input: it is made to meet them."""
    answer, targets = probe.answer, probe.targets
    if targets is None or not targets.is_floating_point() or targets.shape != answer.shape:
        return False
    return not any(given.shape == answer.shape for given in tensors(probe.inputs))


def _crossed(probe: LossProbe) -> Iterator[Finding]:
    """Change one sample's target: the pull on that sample's answer must change, and not that on others alone."""
    answer, targets = probe.answer, probe.targets
    if targets is None or targets.dim() == 0 or answer.dim() == 0 or len(targets) != len(answer) or len(answer) < 6:
        return
    base, crossed = probe.gradient(answer), list[tuple[int, int]]()
    chosen = [1, len(answer) // 3, len(answer) // 2, len(answer) - 2]
    for place in chosen:
        other = targets.clone()
        other[place] = targets[_farthest(targets.roll(-place, 0)) - len(targets) + place]
        moved = (probe.gradient(answer, other) - base).reshape(len(answer), -1).abs().amax(1)
        if float(moved[place]) == 0 and float(moved.max()) > 0:
            crossed.append((place, int(moved.argmax())))
    if len(crossed) == len(chosen):
        own, others = crossed[0]
        yield found(
            "loss-broadcasts",
            f"another target for sample {own} changes the pull on the answer for sample {others}, and not on its own",
        )


def _along_an_axis(probe: LossProbe, base: float, shapes: str) -> Iterator[Finding]:
    """Look for an axis where one number of the answer meets several of the target, in any order."""
    answer, targets = probe.answer, probe.targets
    if targets is None or not targets.is_floating_point() or targets.dim() != answer.dim():
        return
    for axis in range(1, answer.dim()):
        if answer.shape[axis] == 1 and targets.shape[axis] > 1:
            middle = targets.mean(axis, keepdim=True).expand_as(targets)
            if _equal(base, probe.value(answer, targets.flip(axis))) and not _equal(base, probe.value(answer, middle)):
                yield found(
                    "loss-broadcasts",
                    f"{shapes}: each answer is compared with all {targets.shape[axis]} numbers of its target at once",
                    mend=f"make one number of each target, as target.sum({axis}, keepdim=True) does with the "
                    f"log-probabilities of an action's parts, or let the last layer give {targets.shape[axis]}",
                )
            return


def _farthest(targets: Tensor) -> int:
    """Return the sample whose target is least like the first one's."""
    distance = (targets != targets[:1]).reshape(len(targets), -1).float().sum(1)
    return int(distance.argmax())


def _equal(first: float, second: float) -> bool:
    return abs(first - second) <= SAME * max(abs(first), abs(second), 1e-6)


def _additive(probe: LossProbe, targets: Tensor, other: Tensor) -> bool:
    """True where the loss is a mean over pairs: half of the targets changed change it half as far."""
    one = targets[:1].expand_as(targets)
    half = torch.where((torch.arange(len(targets)) % 2 == 0).view(-1, *[1] * (targets.dim() - 1)), one, other)
    pure = [probe.value(probe.answer, each.contiguous()) for each in (one, other)]
    share = len(targets[::2]) / len(targets)
    mixed = share * pure[0] + (1 - share) * pure[1]
    return abs(probe.value(probe.answer, half) - mixed) <= 1e-4 * max(abs(pure[0]), abs(pure[1]), 1e-6)
