"""The range of the model's answers against what the loss expects and where the targets lie."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.checks.losses import is_binary, is_distribution
from helpers.doctor.findings import Finding
from helpers.doctor.probing.loss_probe import LossProbe
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import answers, inputs_of, kick, largest_batch
from helpers.doctor.probing.trees import mapped

LARGEST = 1_000_000  # numbers in one answer, above which nothing is searched


def check_ranges(program: Program) -> Iterator[Finding]:
    """Find the range that no weights can leave, and compare the lowest loss inside it with the lowest of all."""
    probe = LossProbe(program, largest_batch(program))
    if probe.answer.numel() > LARGEST or probe.answer.dim() == 0:
        return
    yield from _raw_likelihood(probe)
    tried = _tried_answers(program)
    if all(is_distribution(answer) for answer in tried) and _ignores_shifts(probe):
        start = probe.value(probe.answer)
        yield found(
            "softmax-before-cross-entropy",
            f"the answers are probabilities, and the loss applies a softmax again: it is {start:.2f} now and cannot "
            f"fall under {probe.lowest(0.0, 1.0):.2f} while the answers stay in 0..1",
        )
        return
    low, high = _bounds(tried)
    if low is not None or high is not None:
        yield from _out_of_reach(probe, low, high)


def _tried_answers(program: Program) -> list[Tensor]:
    """Return answers of the model as it is, with moved weights and with weights and inputs many times larger."""
    inputs = inputs_of(program)[:2]
    tried = [answers(program, each)[0] for each in inputs]
    for round_ in range(3):
        kick(program.model, share=1.0, seed=round_)
        with torch.no_grad():
            for parameter in program.model.parameters():
                parameter.mul_(2.0)
        larger = [mapped(lambda x: 5 * x if x.is_floating_point() else x, each) for each in inputs]
        tried += [answers(program, each)[0] for each in (*inputs, *larger)]
    return [answer for answer in tried if answer.isfinite().all()]


def _bounds(tried: list[Tensor]) -> tuple[float | None, float | None]:
    """Return the bounds 0 or ±1 that all answers keep to although some of them come close; None for no bound."""
    least, most = min(float(answer.min()) for answer in tried), max(float(answer.max()) for answer in tried)
    low = next((bound for bound in (0.0, -1.0) if bound <= least < bound + 0.02), None)
    high = next((bound for bound in (1.0,) if bound - 0.02 < most <= bound), None)
    return low, high


def _ignores_shifts(probe: LossProbe) -> bool:
    """True where adding one number to all classes of a sample leaves the loss: it applies a softmax itself."""
    answer = probe.answer
    shift = torch.linspace(-1, 3, len(answer)).to(answer).view(-1, *[1] * (answer.dim() - 1))
    base, shifted, other = probe.value(answer), probe.value(answer + shift), probe.value(answer.roll(1, dims=1) * 1.5)
    return abs(base - shifted) < 1e-4 * max(abs(base), 1e-3) and abs(base - other) > 1e-6


def _out_of_reach(probe: LossProbe, low: float | None, high: float | None) -> Iterator[Finding]:
    """Compare the lowest loss within the bounds with the lowest of all."""
    start = probe.value(probe.answer)
    inside, anywhere = probe.lowest(low, high), probe.lowest(None, None)
    if not all(math.isfinite(value) for value in (start, inside, anywhere)) or start <= anywhere:
        return
    share = (inside - anywhere) / (start - anywhere)
    if share < 0.2:
        return
    name = f"{'-inf' if low is None else f'{low:.0f}'} .. {'inf' if high is None else f'{high:.0f}'}"
    seen = f"the answers stay in {name}, where the loss cannot fall under {inside:.3g}; without bounds it could reach "
    seen += f"{anywhere:.3g}, and it is {start:.3g} now"
    targets = probe.targets
    twice = (low, high) == (0.0, 1.0) and targets is not None and is_binary(targets)
    cause = "sigmoid-before-logits-loss" if twice else "output-cannot-reach-target"
    yield found(cause, seen, "fault" if share > 0.4 and not _ignores_shifts_safely(probe) else "suspicion")


def _ignores_shifts_safely(probe: LossProbe) -> bool:
    return probe.answer.dim() >= 2 and probe.answer.shape[1] > 1 and _ignores_shifts(probe)


def _raw_likelihood(probe: LossProbe) -> Iterator[Finding]:
    """A loss that is linear in the scores of the labels needs log-probabilities: raw scores make it fall for ever."""
    answer, targets = probe.answer, probe.targets
    if targets is None or targets.is_floating_point() or answer.dim() < 2 or answer.shape[1] < 2:
        return
    if bool((answer.logsumexp(1).abs() < 1e-3).all()):
        return
    base, up, far = (probe.value(answer + shift) for shift in (0.0, 1.0, 10.0))
    if abs(up - base + 1) < 1e-3 and abs(far - base + 10) < 1e-2:
        yield found(
            "nll-without-log-softmax",
            f"adding 10 to every score lowers the loss from {base:.3g} to {far:.3g}, and so on without bound",
        )


def check_growth(program: Program) -> Iterator[Finding]:
    """Make each part of the answer larger: a loss that then falls faster and faster has lost a sign."""
    batch = largest_batch(program)
    count = len(LossProbe(program, batch).floats)
    for which in range(min(count, 4)):
        probe = LossProbe(program, batch, which)
        costs = [probe.value(factor * probe.answer) for factor in (1.0, 1e2, 1e3)]
        if all(math.isfinite(cost) for cost in costs) and costs[1] < min(0.0, costs[0]) and costs[2] < 50 * costs[1]:
            yield found(
                "loss-unbounded",
                f"part {which} of the answer made 100 times larger brings the loss from {costs[0]:.3g} to "
                f"{costs[1]:.3g}, made 1000 times larger to {costs[2]:.3g}",
            )
            return
