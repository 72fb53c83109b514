"""Calling the reader's own evaluation, and noting what it asks the model."""

from typing import Any

import torch
from torch import nn

from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.trees import cloned, tensors


class Asking:
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
            model.train()
        self.moved |= any(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
        value = next(iter(value.values())) if isinstance(value, dict) and value else value
        return float(value[0] if isinstance(value, (tuple, list)) and value else value)

    def _note(self, module: nn.Module, given: tuple[Any, ...], kwargs: Any) -> None:
        self.trained |= module.training
        first = next(tensors([given, kwargs]), None)
        self.asked.append(b"" if first is None else first.detach().cpu().contiguous().numpy().tobytes()[:4096])
