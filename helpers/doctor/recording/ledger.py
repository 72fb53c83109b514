"""Of which backward passes is the gradient of a parameter made? Kept by looking at ``.grad``, whoever changed it.

Nothing here depends on how a loop clears its gradients (``optimizer.zero_grad``, ``model.zero_grad``, ``p.grad =
None``, ``p.grad.zero_()``): before each backward pass and each step the gradient itself tells whether it is gone.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(eq=False)
class Slot:
    """One parameter and what its gradient is made of."""

    parameter: Tensor
    name: str
    passes: dict[int, bool] = field(default_factory=dict)  # backward pass -> whether a step has already used it
    lost: list[int] = field(default_factory=list)  # cleared since the last step without having been used
    kept: Tensor | None = None  # the sum of the passes since the last step that are still in .grad, unscaled
    due: Tensor | None = None  # the same with those that were cleared
    scale: float = 1.0  # the loss scale that .grad still carries
    before: Tensor | None = None  # .grad as the running backward pass found it
    touched: bool = False  # a backward pass has left a gradient here, if only of zeros
    version: int = 0  # of the parameter at the last backward pass

    def gradient(self) -> Tensor | None:
        """Return ``.grad`` as a dense detached tensor, or None where there is none."""
        grad = self.parameter.grad
        if grad is None:
            return None
        return grad.detach().to_dense() if grad.is_sparse else grad.detach()

    def notice_clearing(self) -> None:
        """If the gradient is gone, its passes are: those that no step had used are lost."""
        grad = self.gradient()
        if not self.passes or (grad is not None and bool(grad.any())):
            return
        self.lost.extend(number for number, used in self.passes.items() if not used)
        self.passes, self.kept, self.scale = {}, None, 1.0

    def begin(self) -> float:
        """Remember the gradient before a backward pass; return the norm of what a step had already used."""
        self.notice_clearing()
        grad = self.gradient()
        self.before = None if grad is None else grad.clone()
        stale = any(self.passes.values())
        return float(grad.norm()) / self.scale if stale and grad is not None else 0.0

    def end(self, number: int, scale: float) -> float:
        """Book what the backward pass added; return its norm, unscaled."""
        grad, before = self.gradient(), self.before
        self.before = None
        if grad is None:
            return 0.0
        self.touched = True
        added = (grad.clone() if before is None else grad - before) / scale
        if not bool(added.any()):
            return 0.0
        self.passes[number] = False
        self.kept = added if self.kept is None else self.kept + added
        self.due = added if self.due is None else self.due + added
        self.scale = scale
        return float(added.norm())

    def use(self) -> None:
        """Mark all passes as used by a step, and begin a new account."""
        self.passes = dict.fromkeys(self.passes, True)
        self.lost, self.kept, self.due = [], None, None


class Ledger:
    """The slots of all parameters, by identity; a parameter that turns up later gets one then."""

    def __init__(self, parameters: Iterable[tuple[str, Tensor]]) -> None:
        self.slots: dict[int, Slot] = {}
        for name, parameter in parameters:
            self.slots.setdefault(id(parameter), Slot(parameter, name, version=version(parameter)))

    def of(self, parameters: Iterable[Tensor]) -> list[Slot]:
        """Return the parameters' slots, in their order."""
        return [self.slots.setdefault(id(p), Slot(p, "", version=version(p))) for p in parameters]

    def begin(self) -> float:
        """Prepare all slots for a backward pass; return the norm of what steps had already used."""
        return math.hypot(*(slot.begin() for slot in self.slots.values()))

    def end(self, number: int, scale: float) -> dict[int, float]:
        """Book a backward pass; return the norm of what it brought, by identity of the parameter."""
        sizes = {key: slot.end(number, scale) for key, slot in self.slots.items()}
        return {key: size for key, size in sizes.items() if size}

    def changed(self) -> bool:
        """Return whether any parameter was written to since the last call."""
        changed = False
        for slot in self.slots.values():
            now = version(slot.parameter)
            changed, slot.version = changed or now != slot.version, now
        return changed


def version(tensor: Tensor) -> int:
    """Return how often a tensor was written to in place; tensors of inference mode do not count it."""
    return 0 if tensor.is_inference() else tensor._version


def change(now: Tensor, old: Tensor) -> Tensor:
    """Return how far a tensor has gone; for truth values, which have no difference, where they changed."""
    now, old = now.detach(), old.to(now.device)
    return now ^ old if now.dtype == torch.bool else now - old


def norm(tensors: Iterable[Tensor | None]) -> float:
    """Return the norm of all the tensors together; None counts as zeros."""
    return math.hypot(*(float(t.double().norm()) for t in tensors if t is not None))


def dot(slots: Iterable[Slot]) -> float:
    """Return the scalar product of the gradients and what is due."""
    total = 0.0
    for slot in slots:
        grad = slot.gradient()
        if grad is not None and slot.due is not None:
            total += float(torch.sum(grad.double() * slot.due.double()))
    return total
