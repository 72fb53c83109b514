"""Sequences of tokens: who sees the future, which token is the target, and whether the end is ever trained."""

from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.interception import Attention
from helpers.doctor.probing.loss_probe import LossProbe
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import CLOSE, answers, kick, largest_batch
from helpers.doctor.probing.trees import mapped, tensors

SURE = 0.95


class Steps:
    """One batch of sequences, step by step: what goes in, what comes out, and what the loss asks for.

    Attributes:
        given: the input that has one token or vector for each step, (B, T) or (B, T, F).
        asked: (B, T), the class that the loss pulls each answer towards; -1 where it asks for nothing.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.probe = LossProbe(program, largest_batch(program))
        answer = self.probe.answer
        fits = [x for x in tensors(self.probe.inputs) if x.dim() >= 2 and _same_steps(x, answer)]
        whole = [x for x in fits if not x.is_floating_point() and x.dim() == 2]
        self.given = next(iter(whole or [x for x in fits if x.dim() == 3]), None)
        self.classes_last = self.given is not None and answer.shape[1] == self.given.shape[1]

    @property
    def usable(self) -> bool:
        """True for an input of at least four steps and an answer for each."""
        return self.given is not None and self.given.shape[1] >= 4

    def outputs(self, given: Tensor) -> Tensor:
        """Return the answers (B, T, ...) for other input steps, in eval mode and with the same random numbers."""
        inputs = mapped(lambda tensor: given if tensor is self.given else tensor, self.probe.inputs)
        with Attention():  # any mode keeps torch from its fast path, which reads masks in its own way
            answer = answers(self.program, inputs)[0]
        return answer if self.classes_last else answer.movedim(1, -1)

    def asked(self) -> Tensor:
        """Read off the gradient of the loss which class it pulls each step's answer towards."""
        grad = self.probe.gradient(self.probe.answer)
        grad = grad if self.classes_last else grad.movedim(1, -1)
        target = grad.argmin(-1)
        return torch.where((grad < 0).any(-1), target, torch.full_like(target, -1))

    def change(self, columns: slice, look: slice) -> float:
        """Return how far the answers at some steps change when only other steps of the input do, as a share."""
        if self.given is None:
            return 0.0
        other = self.given.clone()
        other[:, columns] = _others(self.given)[:, columns]
        before, after = self.outputs(self.given)[:, look], self.outputs(other)[:, look]
        return float((before - after).abs().max()) / max(float(before.abs().max()), 1e-12)


def _same_steps(given: Tensor, answer: Tensor) -> bool:
    return answer.dim() == 3 and len(given) == len(answer) and given.shape[1] in (answer.shape[1], answer.shape[2])


def _others(given: Tensor) -> Tensor:
    """Return steps that differ from the given ones wherever samples of the batch differ."""
    other = given.roll(1, dims=0)
    for shift in range(2, min(len(given), 6)):
        other = torch.where(other == given, given.roll(shift, dims=0), other)
    if given.is_floating_point():
        return other + 0.5 * float(given.std()) if given.numel() > 1 else other
    return other


def check_steps(program: Program) -> Iterator[Finding]:
    """Find out which token the loss asks for at each step, and whether the answer could read it off the input."""
    steps = Steps(program)
    if not steps.usable or steps.given is None:
        return
    shift = _shift(steps)
    if shift is None:
        return
    kick(program.model)
    half = steps.given.shape[1] // 2
    from_future = steps.change(slice(half, None), slice(0, half))
    if shift == 1:
        yield from _future(steps, half, from_future)
    elif from_future <= CLOSE and shift == 0:
        yield found("targets-not-shifted", "the loss asks at step t for the token at step t, which the model is given")
    elif from_future <= CLOSE:
        yield found("targets-shifted-twice", f"the loss asks at step t for the token at step t + {shift}")
    if shift == 1 and not steps.given.is_floating_point():
        yield from _end(steps)


def _future(steps: Steps, half: int, from_future: float) -> Iterator[Finding]:
    """The next token is asked for: no answer may change with tokens that come after it."""
    if from_future <= CLOSE:
        return
    from_past = steps.change(slice(0, half), slice(half, None))
    seen = f"the answers at steps 0 to {half - 1} change by {100 * from_future:.0f} % when only later tokens change"
    if from_past <= CLOSE:
        yield found("mask-inverted", f"{seen}, and later answers do not change at all with earlier tokens")
    else:
        yield found("future-leaks", f"{seen}, and the loss asks for the next token")


def _shift(steps: Steps) -> int | None:
    """Return by how many steps the target stands ahead of the input, if it is made from it."""
    given = steps.given
    if given is None:
        return None
    if given.is_floating_point():
        target = steps.probe.targets
        same = target is not None and target.shape == given.shape and bool((target != given).any())
        return 1 if same and target is not None and torch.equal(target[:, :-1], given[:, 1:]) else None
    asked, best = steps.asked(), dict[int, float]()
    for shift in range(3):
        here, there = asked[:, : given.shape[1] - shift], given[:, shift:]
        telling = (here >= 0) & _changes(given)[:, : here.shape[1]]
        if int(telling.sum()) >= 8:
            best[shift] = float((here == there)[telling].float().mean())
    sure = [shift for shift, share in best.items() if share > SURE]
    return sure[0] if len(sure) == 1 else None


def _changes(tokens: Tensor) -> Tensor:
    """True at steps whose next two tokens differ from them and from one another, as far as there are any."""
    one, two = torch.full_like(tokens, -2), torch.full_like(tokens, -3)
    one[:, :-1], two[:, :-2] = tokens[:, 1:], tokens[:, 2:]
    return (tokens != one) & (one != two) & (tokens != two)


def _end(steps: Steps) -> Iterator[Finding]:
    """Look where texts end in a run of one token: its first place should be asked for in some text."""
    given, asked = steps.given, steps.asked()
    if given is None:
        return
    last = given[:, -1].mode().values
    behind = float(((given == last) & (asked == last)).sum() / (asked >= 0).sum().clamp_min(1))
    if behind > 0.3 and float((given[:, -2:] == last).float().mean()) > 0.5:
        seen = f"{100 * behind:.0f} % of what the loss asks for is token {int(last)} behind token {int(last)}"
        yield found("padding-in-loss", seen, "suspicion")
    if bool((asked >= 0).all()):
        return
    starts = (given != last).long().cumsum(1).argmax(1) + 1  # where the run begins
    rows = [row for row in range(len(given)) if 2 <= int(starts[row]) < given.shape[1] and given[row, -1] == last]
    ends = [(row, int(starts[row])) for row in rows]
    if len(ends) < 4 or len({int(given[row, start - 1]) for row, start in ends}) < 2:
        return
    due = [int(asked[row, start - 1]) for row, start in ends]
    before = [int(asked[row, start - 2]) for row, start in ends]
    if all(token == -1 for token in due) and all(token >= 0 for token in before) and not bool((asked == last).any()):
        yield found(
            "end-token-never-trained",
            f"{len(ends)} texts end in token {int(last)}, and the loss asks for it in none of them, though it asks "
            "for the token before",
            "suspicion",
        )
