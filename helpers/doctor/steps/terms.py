"""Terms of the loss that have no gradient: followed through the program's own computation, call by call."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.running import take_step
from helpers.doctor.probing.trees import cloned, tensors

SUMS = ("add", "__add__", "__radd__", "__iadd__", "add_", "sub", "__sub__", "__rsub__", "__isub__", "sub_")
LOSSES = ("kl_div", "cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits", "huber_loss")


@dataclass(frozen=True)
class Term:
    """A single number that was computed from data or weights and carries no gradient."""

    origin: str  # the function that made it
    is_loss: bool
    value: float
    beside: float = 0.0  # what it was added to


class Follow(TorchFunctionMode):
    """Follows what is computed from the given tensors and from parameters."""

    def __init__(self, data: Any) -> None:
        super().__init__()
        self.alive: list[Tensor] = list(tensors(data))  # kept, so that no id is used twice
        self.known = {id(tensor) for tensor in self.alive}
        self.terms: dict[int, Term] = {}
        self.added: list[Term] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        given = list(tensors([args, kwargs or {}]))
        if any(id(tensor) in self.known or isinstance(tensor, nn.Parameter) for tensor in given):
            for tensor in tensors(result):
                self._note(getattr(func, "__name__", ""), given, tensor)
        return result

    def _note(self, name: str, given: list[Tensor], result: Tensor) -> None:
        self.alive.append(result)
        self.known.add(id(result))
        if result.numel() != 1 or not result.is_floating_point():
            return
        earlier = [self.terms[id(tensor)] for tensor in given if id(tensor) in self.terms]
        if not result.requires_grad:
            is_loss = name in LOSSES or name.endswith("_loss") or any(term.is_loss for term in earlier)
            origin = earlier[0].origin if earlier else name
            self.terms[id(result)] = Term(origin, is_loss, float(result.detach()))
        elif name in SUMS and len(given) == 2 and earlier and torch.is_grad_enabled():  # not inside of an optimizer
            other = next((t for t in given if t.requires_grad and id(t) not in self.terms), None)
            if other is not None and other.numel() == 1:
                self.added.extend(Term(t.origin, t.is_loss, t.value, float(other.detach())) for t in earlier)


def check_terms(program: Program) -> Iterator[Finding]:
    """Compute the loss on two batches, and look for numbers without gradient that are added to it."""
    seen: list[Term] = []
    program.model.train()
    for batch in program.sample[:2]:
        copy = cloned(batch)
        with Follow(copy) as follow, torch.enable_grad():
            if program.has_loss:
                loss_of(program, copy)
            else:
                take_step(program, copy)
        seen += follow.added
    dead = [term for term in seen if term.is_loss]
    nothing = [term for term in seen if not term.is_loss and abs(term.value) < 1e-6 * (abs(term.beside) + 1e-6)]
    for kind, grade in ((dead, "fault"), (nothing, "suspicion")):
        if kind:
            one = kind[0]
            yield found(
                "term-without-gradient",
                f"a term made by {one.origin}, of value {one.value:.3g}, is added to the loss and depends on no "
                f"trained weight (what it is added to is {one.beside:.3g})",
                grade,
            )
            return
