"""Records what a training loop does, without changing it: backward passes, clearing, clipping, scaling, steps.

Functions of torch are wrapped for the time of a ``with`` and hooks are set; all is taken back whatever happens inside.
A gradient's parts are booked by a ``Ledger``, so that it does not matter by which call a loop clears or changes them.
"""

import math
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from helpers.doctor.probing import trees
from helpers.doctor.recording import wraps
from helpers.doctor.recording.events import Backward, Recording, Step
from helpers.doctor.recording.following import Following
from helpers.doctor.recording.graphs import Graphs
from helpers.doctor.recording.ledger import Ledger, Slot, change, dot, norm
from helpers.doctor.recording.listening import Listener
from helpers.doctor.recording.loaders import install_loaders
from helpers.doctor.recording.patches import Patches, family
from helpers.doctor.recording.reductions import added_up

LIMIT = 200  # steps booked in full; after them only losses and rates are kept


class Recorder:
    """``with Recorder(model, optimizer) as recorder: loop``, then read ``recorder.seen``."""

    def __init__(
        self, model: nn.Module, optimizer: Any = None, *, target: nn.Module | None = None, limit: int = LIMIT
    ) -> None:
        named = dict(optimizer) if isinstance(optimizer, Mapping) else {"": optimizer} if optimizer is not None else {}
        self.seen = Recording(model, list(named.values()), [str(name) for name in named])
        self.ledger = Ledger(model.named_parameters())
        self.listener = Listener(self)
        self.target = target
        self.limit = limit
        self.clock = 0
        self.depth = 0
        self.scale = 1.0  # of a loss that a scaler has scaled and that waits for its backward pass
        self.patches = Patches()
        self.following, self.graphs = Following(model, None), Graphs()
        self._at_start: dict[str, Tensor] = {}
        self._before: dict[int, list[Tensor]] = {}
        self._ahead: dict[int, Step] = {}

    def __enter__(self) -> "Recorder":
        self._at_start = {name: tensor.detach().clone() for name, tensor in self._state().items()}
        self.following = Following(self.seen.model, self.target)
        try:
            self._install()
        except BaseException:
            self.patches.undo()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.patches.undo()
        self.following.note(self.seen.follows)
        state = self._state()
        for name, old in self._at_start.items():
            if name in state and state[name].shape == old.shape:
                self.seen.moved[name] = norm([change(state[name], old)])
        self.seen.written, self.seen.target_moved = self.following.writes(), self.following.moved()
        self.seen.unreached = {slot.name for slot in self.ledger.slots.values() if not slot.touched}
        self._at_start, self.ledger.slots = {}, {}
        self.seen.graphs_kept = self.graphs.kept()

    @property
    def full(self) -> bool:
        """True once so many steps are booked that only losses and rates are still kept."""
        return len(self.seen.steps) >= self.limit

    def tick(self) -> int:
        """Return the place of the next event in the order of all."""
        self.clock += 1
        return self.clock

    def index(self, optimizer: Optimizer) -> int:
        """Return the optimizer's number; one that nobody has named gets one when it first steps."""
        for number, known in enumerate(self.seen.optimizers):
            if known is optimizer or getattr(known, "optimizer", None) is optimizer:
                return number
        self.seen.optimizers.append(optimizer)
        self.seen.names.append(type(optimizer).__name__)
        return len(self.seen.optimizers) - 1

    def _state(self) -> dict[str, Tensor]:
        return {**dict(self.seen.model.named_parameters()), **dict(self.seen.model.named_buffers())}

    def _install(self) -> None:
        patches = self.patches
        patches.replace(torch.autograd, "backward", self._backward)
        patches.on_exit(register_optimizer_step_pre_hook(self._before_step).remove)
        patches.on_exit(register_optimizer_step_post_hook(self._after_step).remove)
        wraps.install(self)
        install_loaders(self)
        for kind in family(LRScheduler, "step"):
            patches.replace(kind, "step", lambda original: wraps.schedule(self, original))
        self.listener.install(patches)

    def _backward(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            if self.depth:
                return original(tensors, *args, **kwargs)
            event = self._begin(tensors)
            self.depth += 1
            try:
                result = original(tensors, *args, **kwargs)
            finally:
                self.depth -= 1
            if not self.full:
                self._book(event)
            return result

        return backward

    def _begin(self, tensors: Any) -> Backward:
        first = next(trees.tensors([tensors]), None)
        loss = float(first.detach()) if first is not None and first.numel() == 1 else math.nan
        event = Backward(self.tick(), len(self.seen.backwards), loss / self.scale, self.scale, added_up(first))
        event.data, event.inputs_need_gradient = self.listener.taken()
        self.scale = 1.0
        self.seen.backwards.append(event)
        self.graphs.note(first)
        self.seen.unused += 1
        self.following.note(self.seen.follows)
        if not self.full:
            event.moved = self.ledger.changed()
            event.found = self.ledger.begin()
        return event

    def _book(self, event: Backward) -> None:
        brought = self.ledger.end(event.number, event.scale)
        event.size = math.hypot(*brought.values())
        owned = [{id(p) for group in o.param_groups for p in group["params"]} for o in self.seen.optimizers]
        event.reached = {number for number, ids in enumerate(owned) if ids & brought.keys()}
        event.outside = bool(brought.keys() - set().union(*owned))

    def _before_step(self, optimizer: Optimizer, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> None:
        number = self.index(optimizer)
        step = Step(self.tick(), number, tuple(float(group["lr"]) for group in optimizer.param_groups if "lr" in group))
        step.judged = not self.full
        self._ahead[number] = step
        if self.full:
            return
        slots = self.slots_of(optimizer)
        self._before[number] = [slot.parameter.detach().clone() for slot in slots]
        self._account(step, slots)  # anew after the step, if a closure runs the backward pass inside of it

    def slots_of(self, optimizer: Optimizer) -> list[Slot]:
        """Return the slots of an optimizer's parameters."""
        return self.ledger.of(p for group in optimizer.param_groups for p in group["params"])

    def _after_step(self, optimizer: Optimizer, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> None:
        number = self.index(optimizer)
        step = self._ahead.pop(number, None)
        if step is None:
            return
        self.seen.steps.append(step)
        inside = [b for b in self.seen.backwards if b.at > step.at]
        if step.judged:
            slots = self.slots_of(optimizer)
            if inside:  # the closure has run the backward pass
                step.judged = len(inside) == 1
                self._account(step, slots)
            old = self._before.pop(number)
            for slot, was in zip(slots, old, strict=True):
                by = norm([slot.parameter.detach() - was])
                step.moved = math.hypot(step.moved, by)
                self.seen.stepped[slot.name] = max(by, self.seen.stepped.get(slot.name, 0.0))
            self._used(step, slots)
        self.seen.unused = 0

    def _account(self, step: Step, slots: list[Slot]) -> None:
        for slot in slots:
            slot.notice_clearing()
        passes = {n: used for slot in slots for n, used in slot.passes.items()}
        step.passes = tuple(sorted(n for n, used in passes.items() if not used))
        step.stale = tuple(sorted(n for n, used in passes.items() if used))
        step.lost = tuple(sorted({n for slot in slots for n in slot.lost} - set(step.passes)))
        step.used, step.due = norm(slot.gradient() for slot in slots), norm(slot.due for slot in slots)
        step.cosine = dot(slots) / (step.used * step.due) if step.used and step.due else 0.0
        step.scale = max((slot.scale for slot in slots if slot.passes), default=1.0)
        for slot in slots:
            size = norm([slot.gradient()])
            self.seen.graded[slot.name] = max(size, self.seen.graded.get(slot.name, 0.0))

    def _used(self, step: Step, slots: list[Slot]) -> None:
        for number in step.passes:
            self.seen.backwards[number].stepped.append((step.at, step.optimizer))
        for slot in slots:
            slot.use()
