"""What torch's own losses are handed: shares where scores are due, scores where logarithms are."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from helpers.doctor.causes import found
from helpers.doctor.checks.asking import Asking
from helpers.doctor.checks.losses import is_distribution
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.running import kick

LOSSES = (F.cross_entropy, F.binary_cross_entropy_with_logits, F.nll_loss, F.kl_div, F.binary_cross_entropy)
ROUNDS = 3
OUTSIDE = 1e-3  # further than rounding leads out of the range of shares or of their logarithms


class LossCalls(TorchFunctionMode):
    """Keeps what torch's losses are handed inside."""

    def __init__(self) -> None:
        super().__init__()
        self.handed: dict[Any, list[Tensor]] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Keep the first argument of a loss; call everything as it is."""
        kwargs = dict(kwargs or {})
        if func in LOSSES:
            given = args[0] if args else kwargs.get("input")
            if isinstance(given, Tensor) and given.dim() and given.numel():
                self.handed.setdefault(func, []).append(given.detach().float())
        return func(*args, **kwargs)


def check_loss_calls(program: Program) -> Iterator[Finding]:
    """Look at what the losses are handed, from the model as it is and with larger and larger weights."""
    with LossCalls() as calls, torch.no_grad():
        for place in range(ROUNDS):
            for batch in program.sample[:2]:
                with attributes_of(program.model):
                    loss_of(program, batch)
            _enlarge(program, place)
    yield from _shares(calls.handed.get(F.cross_entropy, []))
    yield from _single_shares(calls.handed.get(F.binary_cross_entropy_with_logits, []))
    yield from _no_logarithms(calls.handed.get(F.nll_loss, []))
    handed = calls.handed.get(F.kl_div, [])
    if _sum_to_one(handed):
        yield found("loss-not-minimal-at-truth", "F.kl_div is handed shares that sum to 1 where logarithms are due")


def check_evaluation_calls(program: Program) -> Iterator[Finding]:
    """Look at what the losses are handed inside the reader's evaluation, in the same way."""
    watch = Asking(program)
    with LossCalls() as calls:
        for place in range(ROUNDS):
            try:
                watch.figure(program.valid_sample)
            except RuntimeError:  # binary_cross_entropy refuses what lies outside 0 to 1
                break
            _enlarge(program, place)
    shares = calls.handed.get(F.cross_entropy, [])
    if _sum_to_one(shares):
        seen = f"evaluate() hands cross_entropy {shares[0].shape[1]} shares that sum to 1 where raw scores are due"
        yield found("evaluation-loss-of-shares", seen)
    if _stay_inside(calls.handed.get(F.binary_cross_entropy_with_logits, [])):
        seen = (
            "evaluate() hands binary_cross_entropy_with_logits numbers between 0 and 1 alone where raw scores are due, "
            "also when the weights are many times larger"
        )
        yield found("evaluation-loss-of-shares", seen)
    yield from _evaluated_scores(calls.handed)


def _evaluated_scores(handed: dict[Any, list[Tensor]]) -> Iterator[Finding]:
    """Look for scores where an evaluation's loss expects shares, and for either where it expects their logarithms."""
    cause = "evaluation-loss-of-scores"
    for finding in _no_logarithms(handed.get(F.nll_loss, [])):
        yield found(cause, f"inside evaluate(), {finding.seen}")
    logarithms = handed.get(F.kl_div, [])
    highest = max((float(each.max()) for each in logarithms), default=0.0)
    if highest > OUTSIDE:
        kind = "shares" if _sum_to_one(logarithms) else "scores"
        yield found(cause, f"evaluate() hands kl_div {kind} up to {highest:.3g}; logarithms of shares are at most 0")
    shares = handed.get(F.binary_cross_entropy, [])
    lowest = min((float(each.min()) for each in shares), default=0.0)
    highest = max((float(each.max()) for each in shares), default=0.0)
    if lowest < -OUTSIDE or highest > 1 + OUTSIDE:
        seen = f"evaluate() hands binary_cross_entropy numbers from {lowest:.3g} to {highest:.3g} where shares are due"
        yield found(cause, seen)


def _enlarge(program: Program, seed: int) -> None:
    """Move the weights and double them, so that scores leave the range from 0 to 1."""
    kick(program.model, share=1.0, seed=seed)
    with torch.no_grad():
        for parameter in program.model.parameters():
            parameter.mul_(2.0)


def _sum_to_one(handed: list[Tensor]) -> bool:
    """True where each answer was shares of the classes."""
    return bool(handed) and all(is_distribution(each) for each in handed) and _vary(handed)


def _stay_inside(handed: list[Tensor]) -> bool:
    """True where each number was a share, and one of them a large one."""
    if not handed or not all(bool(((each >= 0) & (each <= 1)).all()) for each in handed):
        return False
    return _vary(handed) and max(float(each.max()) for each in handed) > 0.9


def _shares(handed: list[Tensor]) -> Iterator[Finding]:
    if _sum_to_one(handed):
        classes = handed[0].shape[1]
        lowest = float(torch.tensor([1.0] + [0.0] * (classes - 1)).log_softmax(0)[0].neg())
        yield found(
            "softmax-before-cross-entropy",
            f"cross_entropy is handed {classes} shares that sum to 1, from which it cannot fall under {lowest:.2f}",
        )


def _single_shares(handed: list[Tensor]) -> Iterator[Finding]:
    if _stay_inside(handed):
        yield found(
            "sigmoid-before-logits-loss",
            "binary_cross_entropy_with_logits is handed numbers between 0 and 1 alone, also when the weights are many "
            "times larger: it reads them as scores, and cannot fall under 0.31 for a one or 0.69 for a zero",
        )


def _no_logarithms(handed: list[Tensor]) -> Iterator[Finding]:
    """Logarithms of shares have shares that sum to one."""
    scores = [each for each in handed if each.dim() >= 2 and each.shape[1] > 1]
    if not scores or any(bool((each.logsumexp(1).abs() < 1e-2).all()) for each in scores):
        return
    kind = "shares" if all(is_distribution(each) for each in scores) else "raw scores"
    yield found("nll-without-log-softmax", f"nll_loss is handed {kind} where their logarithms are due")


def _vary(handed: list[Tensor]) -> bool:
    return any(float(each.std()) > 1e-4 for each in handed if each.numel() > 1)
