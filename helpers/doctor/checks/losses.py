"""The contract between answer, target and loss: who is compared with whom, and where the loss is lowest."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.loss_probe import LossProbe
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import largest_batch

ABSURD = 1e4
FEW, NEAR = 5, 1.5  # samples of a class, and how near two ratios are that come from one another


def check_direction(program: Program) -> Iterator[Finding]:
    """Compare the loss of the right answer with that of the opposite one, and with scores on the way."""
    if program.step is not None:
        return  # it may ask for more than the targets do
    probe = LossProbe(program, largest_batch(program))
    right = right_answers(probe)
    if not right:
        return
    if _takes_shares(probe):
        seen = "raw scores cost less the further they are from the truth, and shares that sum to 1 do not"
        yield found("loss-needs-probabilities", seen)
        return
    good = min(probe.value(answer) for answer in right)
    opposite = [probe.value(2 * answer.mean() - answer) for answer in right]
    if good == good and good > max(opposite) + 0.01 * abs(good):
        yield found(
            "loss-grows-towards-truth", f"the right answer costs {good:.3g}, the opposite one {max(opposite):.3g}"
        )
        return
    yield from _leaves_its_bounds(probe, good)


def _takes_shares(probe: LossProbe) -> bool:
    """True where the loss is right for shares of the classes, and wrong for the scores that the model gives."""
    targets = probe.targets
    if targets is None or targets.is_floating_point() or is_distribution(probe.answer):
        return False
    truth = right_answers(probe)[0]
    opposite = (truth.mean() * 2 - truth).log_softmax(1)
    scores, away = probe.value(truth), probe.value(opposite)
    shares, other = probe.value(truth.exp()), probe.value(opposite.exp())
    return shares < other - 0.1 * abs(other) and not scores < away


def right_answers(probe: LossProbe) -> list[Tensor]:
    """Return answers of which one is right, in the forms that losses take: scores, log-probabilities, the target."""
    answer, targets = probe.answer, probe.targets
    if targets is None or answer.dim() == 0:
        return []
    if not targets.is_floating_point() and answer.dim() >= 2 and targets.shape == answer.shape[:1] + answer.shape[2:]:
        classes = answer.shape[1]
        if classes < 2 or int(targets.min()) < 0 or int(targets.max()) >= classes:
            return []
        scores = 12 * F.one_hot(targets.long(), classes).movedim(-1, 1).to(answer)
        probable = scores.log_softmax(1)
        return [probable.exp()] if is_distribution(answer) else [probable]
    if targets.is_floating_point() and targets.shape == answer.shape and is_binary(targets):
        sign = (2 * targets - 1).to(answer)
        return [targets.to(answer), 3 * sign, 12 * sign]
    return []


def is_binary(targets: Tensor) -> bool:
    """True where targets are 0 and 1 and nothing else."""
    return bool(((targets == 0) | (targets == 1)).all()) and bool((targets == 1).any()) and bool((targets == 0).any())


def is_distribution(answer: Tensor) -> bool:
    """True where the classes' values are not negative and sum to one."""
    return answer.dim() >= 2 and bool((answer >= 0).all()) and bool(((answer.sum(1) - 1).abs() < 1e-3).all())


def _leaves_its_bounds(probe: LossProbe, good: float) -> Iterator[Finding]:
    """Binary targets: look for constant scores that cost less than the right answer, or nothing that is a number."""
    targets, answer = probe.targets, probe.answer
    if targets is None or not targets.is_floating_point() or not bool(((answer < 0) | (answer > 1)).any()):
        return
    grid = [-4 + 0.05 * place for place in range(161)]
    costs = {score: probe.value(torch.full_like(answer, score)) for score in grid}
    inside = [cost for score, cost in costs.items() if 0.02 < score < 0.98]
    if min(inside) >= 0 and probe.value(targets) >= 0:
        good = max(good, 0.0)  # a loss that is never negative for shares
    outside = {score: cost for score, cost in costs.items() if score < 0 or score > 1}
    refused = [score for score, cost in outside.items() if cost != cost]
    lowest = min(outside, key=lambda score: outside[score] if outside[score] == outside[score] else 1e30)
    if refused and all(cost == cost for cost in inside):
        yield found("loss-needs-probabilities", f"scores of {refused[0]:.2f} make the loss NaN, those in 0..1 do not")
    elif outside[lowest] < good - 0.1 * max(1.0, abs(good)) and min(inside) > good - 0.1:
        yield found(
            "loss-needs-probabilities",
            f"scores that are all {lowest:.2f} cost {outside[lowest]:.3g}, less than the right answer, which costs "
            f"{good:.3g}",
        )


def check_class_weights(program: Program) -> Iterator[Finding]:
    """Compare, at equal scores, how hard the samples of each class pull."""
    pulls: dict[int, list[float]] = {}
    for batch in program.sample:
        probe = LossProbe(program, batch)
        if probe.targets is None or not right_answers(probe) or probe.targets.dim() > 2:
            return
        grads = probe.gradient(torch.zeros_like(probe.answer)).reshape(len(probe.answer), -1).norm(dim=1)
        labels = probe.targets.reshape(len(grads), -1)[:, 0].long().tolist()
        for label, pull in zip(labels, grads.tolist(), strict=True):
            pulls.setdefault(label, []).append(pull)
    means = {label: sum(each) / len(each) for label, each in pulls.items() if sum(each) > 0}
    if len(means) < 2:
        return
    strong, weak = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    ratio = means[strong] / means[weak]
    counts = [len(each) for each in pulls.values()]
    yield from _inverted(ratio, strong, weak, len(pulls[strong]), len(pulls[weak]))
    if ratio > ABSURD * max(counts) / min(counts):
        yield found(
            "class-weights-absurd",
            f"a sample of class {strong} pulls {ratio:.1g} times as hard as one of class {weak}, while the classes' "
            f"numbers differ by a factor of {max(counts) / min(counts):.1f}",
        )


def _inverted(ratio: float, strong: int, weak: int, many: int, few: int) -> Iterator[Finding]:
    """A class that pulls as many times harder as it is more frequent counts twice over."""
    share = many / few
    if few >= FEW and share > 2 and 1 / NEAR < ratio / share < NEAR:
        yield found(
            "class-weights-inverted",
            f"of {many} samples of class {strong} each pulls {ratio:.3g} times as hard as one of the {few} of class "
            f"{weak}: the frequent class outweighs the rare one {ratio * share:.0f} times",
            "fault" if share > 5 else "suspicion",
        )
