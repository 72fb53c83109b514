"""The loss as a function of the model's answer alone: any answer can be tried, without any model behind it."""

from typing import Any

import torch
from torch import Tensor

from helpers.doctor.probing.clock import Clock
from helpers.doctor.probing.main_answer import main_place
from helpers.doctor.probing.program import Program, loss_of, outputs, split
from helpers.doctor.probing.running import drawn_from
from helpers.doctor.probing.trees import cloned, floats, mapped, tensors


class LossProbe:
    """``probe(answer)`` is the program's loss on one batch, had the model answered so.

    Attributes:
        answer: what the model answers in truth, float, without a graph: the float tensor ``which`` of its output, and
            the one that the loss reads where this is not given.
        targets: the first tensor of the batch's targets, or None.
    """

    def __init__(self, program: Program, batch: Any, which: int | None = None) -> None:
        self.program, self.batch = program, batch
        self.inputs, self.whole_targets = split(batch)
        self.targets = next(tensors(self.whole_targets), None)
        with torch.no_grad():
            self.whole = outputs(program.model, cloned(self.inputs))
        self.floats = floats(self.whole)
        if not self.floats:
            raise ValueError("the model's output holds no floating-point tensor")
        self.which = main_place(program) if which is None else which
        self.answer = self.floats[self.which].detach().clone()

    def __call__(self, answer: Tensor, targets: Tensor | None = None) -> Tensor:
        """Return the loss, with a graph back to the answer; ``targets`` stand in for the batch's own."""
        swapped = mapped(lambda tensor: answer if tensor is self.floats[self.which] else tensor, self.whole)
        wanted = self.whole_targets if targets is None else self._with(targets)
        with drawn_from(0):
            if self.program.step is None and self.program.loss_fn is not None:
                loss: Tensor = self.program.loss_fn(swapped, wanted)
                return loss.reshape(())
            return self._by_hook(swapped, wanted)

    def value(self, answer: Tensor, targets: Tensor | None = None) -> float:
        """Return the loss as a number; NaN where the loss refuses this answer."""
        with torch.no_grad():
            try:
                return float(self(answer, targets))
            except (RuntimeError, ValueError, IndexError):
                return float("nan")

    def gradient(self, answer: Tensor, targets: Tensor | None = None) -> Tensor:
        """Return the gradient of the loss with respect to the answer."""
        with torch.enable_grad():
            answer = answer.detach().clone().requires_grad_(True)
            grad = torch.autograd.grad(self(answer, targets), answer, allow_unused=True)[0]
        return torch.zeros_like(answer) if grad is None else grad

    def _with(self, targets: Tensor) -> Any:
        return mapped(lambda tensor: targets if tensor is self.targets else tensor, self.whole_targets)

    def _by_hook(self, swapped: Any, wanted: Any) -> Tensor:
        """Let the program's own step run, and put the tried answer in place of the model's."""
        calls = []

        def swap(*_: Any) -> Any:
            calls.append(1)
            return swapped

        hook = self.program.model.register_forward_hook(swap)
        try:
            loss = loss_of(self.program, self._batch(wanted))
        finally:
            hook.remove()
        if len(calls) != 1:
            raise ValueError(f"the step calls the model {len(calls)} times, so that no one answer makes its loss")
        return loss

    def _batch(self, wanted: Any) -> Any:
        if wanted is self.whole_targets or not isinstance(self.batch, (tuple, list)):
            return self.batch
        return (*self.batch[:-1], wanted)

    def lowest(self, low: float | None, high: float | None, steps: int = 150) -> float:
        """Return the lowest loss that descent finds over answers, those within bounds where they are given."""
        answer = self.answer.clamp(low, high) if low is not None or high is not None else self.answer.clone()
        answer.requires_grad_(True)
        optimizer, best, clock = torch.optim.Adam([answer], lr=self._rate()), float("inf"), Clock(1.5)
        for _ in range(steps):
            loss = self._or_nan(answer)
            best = min(best, float(loss.detach()))
            if not torch.isfinite(loss) or not loss.requires_grad or clock.over:
                return best
            answer.grad = torch.autograd.grad(loss, answer)[0]
            optimizer.step()
            if low is not None or high is not None:
                with torch.no_grad():
                    answer.clamp_(low, high)
        return best

    def _or_nan(self, answer: Tensor) -> Tensor:
        try:
            with torch.enable_grad():
                return self(answer)
        except (RuntimeError, ValueError, IndexError):
            return torch.tensor(float("nan"))

    def _rate(self) -> float:
        """A rate that crosses the range of answers and float targets in a dozen steps."""
        size = float(self.answer.abs().max())
        if self.targets is not None and self.targets.is_floating_point():
            size = max(size, float(self.targets.abs().max()))
        return 0.2 * min(max(size, 1.0), 1e4)
