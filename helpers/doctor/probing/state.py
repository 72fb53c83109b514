"""Everything that an examination may change, remembered and put back bit by bit."""

import random
import types
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence, MutableSet
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from helpers.doctor.probing.program import Program

MOST = 50_000  # so many objects are followed at most
LONG = 5_000  # what a longer list or dict holds is not followed: it is data
LEAVES = (str, bytes, int, float, complex, bool, type(None), type, types.ModuleType, torch.device, torch.dtype)
Undo = Callable[[], None]


class Memory:
    """Remembers objects and all that they hold, so that ``restore`` puts each back as it was, in place."""

    def __init__(self, big: int | None = None) -> None:
        self.undo: list[Undo] = []
        self.seen: dict[int, Any] = {}
        self.big = big

    def remember(self, thing: Any) -> None:
        """Follow a thing to everything that it can change; a thing seen before is skipped."""
        todo = [thing]
        while todo and len(self.seen) < MOST:
            next_thing = todo.pop()
            if isinstance(next_thing, LEAVES) or id(next_thing) in self.seen:
                continue
            self.seen[id(next_thing)] = next_thing  # kept alive, so that its id stays its own
            todo += self._take(next_thing)

    def restore(self) -> None:
        """Put everything back."""
        with torch.no_grad():
            for undo in reversed(self.undo):
                undo()

    def _take(self, thing: Any) -> list[Any]:
        """Note how to put one thing back, and return what it holds."""
        if isinstance(thing, Tensor):
            return self._tensor(thing)
        if isinstance(thing, (torch.Generator, np.random.Generator, random.Random)):
            self.undo.append(_generator(thing))
            return []
        if isinstance(thing, (MutableMapping, MutableSequence, MutableSet)):
            return self._container(thing)
        if isinstance(thing, (tuple, frozenset)):
            return list(thing)
        if isinstance(thing, types.MethodType):
            return [thing.__self__, thing.__func__]
        if isinstance(thing, types.FunctionType):
            return _closure(thing)
        return [vars(thing)] if hasattr(thing, "__dict__") and not isinstance(thing, np.ndarray) else []

    def _tensor(self, tensor: Tensor) -> list[Any]:
        if self.big is not None and tensor.numel() > self.big:
            return []
        self.undo.append(_tensor(tensor))
        held = [tensor.grad] if tensor.is_leaf and tensor.grad is not None else []
        return [*held, tensor.__dict__] if tensor.__dict__ else held

    def _container(self, thing: Any) -> list[Any]:
        """A mapping, list, deque or set is emptied and filled again, so that whoever holds it sees the old content."""
        mapping = isinstance(thing, MutableMapping)
        held = list(thing.items()) if mapping else list(thing)

        def undo() -> None:
            now = list(thing.items()) if mapping else list(thing)
            if len(now) == len(held) and all(_same(old, new) for old, new in zip(held, now, strict=True)):
                return
            thing.clear()
            thing.update(held) if mapping or isinstance(thing, MutableSet) else thing.extend(held)

        self.undo.append(undo)
        if len(held) > LONG:
            return []
        return [value for pair in held for value in pair] if mapping else held


def _same(old: Any, new: Any) -> bool:
    return old is new or (isinstance(old, tuple) and len(old) == 2 and old[0] is new[0] and old[1] is new[1])


def _tensor(tensor: Tensor) -> Undo:
    """Values, memory, grad and requires_grad of a tensor. Data that was swapped for other memory comes back."""
    data, values = tensor.data, tensor.detach().clone()
    leaf, wanted, grad = tensor.is_leaf, tensor.requires_grad, tensor.grad if tensor.is_leaf else None

    def undo() -> None:
        if tensor.data_ptr() != data.data_ptr():
            tensor.data = data
        if not torch.equal(data, values):  # NaN is not equal to itself, and is copied
            data.copy_(values)
        if leaf:
            tensor.requires_grad_(wanted)
            tensor.grad = grad

    return undo


def _closure(function: types.FunctionType) -> list[Any]:
    """What a function can reach: its closure, its defaults, and the globals that it names, other than functions."""
    cells = [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
    named = [function.__globals__[name] for name in function.__code__.co_names if name in function.__globals__]
    stateful = (nn.Module, Optimizer, torch.Generator, np.random.Generator, list, dict)
    return cells + list(function.__defaults__ or ()) + [value for value in named if isinstance(value, stateful)]


def _filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _generator(generator: Any) -> Undo:
    if isinstance(generator, torch.Generator):
        state = generator.get_state()
        return lambda: void(generator.set_state(state))
    if isinstance(generator, random.Random):
        numbers = generator.getstate()
        return lambda: generator.setstate(numbers)
    bits = generator.bit_generator.state
    return lambda: setattr(generator.bit_generator, "state", bits)


def void(_: object) -> None:
    """Take a result that nobody needs."""


def _cuda_started() -> bool:
    started: bool = torch.cuda.is_available() and torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return started


def _global_random() -> Undo:
    """The random states of Python, NumPy and torch, on every device that was started."""
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if _cuda_started() else None

    def undo() -> None:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)

    return undo


class Snapshot:
    """All of a program as it is now: ``restore`` brings it back, as often as it is called.

    Covers weights, buffers, grads, requires_grad, modes, hooks and plain attributes of the model, the optimizer's and
    scheduler's state, whatever the functions of the program can reach, and the random states; with ``data`` also what
    the loaders count.
    """

    def __init__(self, program: Program, data: bool = False) -> None:
        self.memory = Memory()
        for part in (program.model, program.target, program.optimizer, program.scheduler):
            self.memory.remember(part)
        for function in (program.step, program.train_step, program.evaluate, program.loss_fn):
            self.memory.remember(function)
        self.loaders = Memory(big=10_000)  # of the data only what counts epochs or orders samples; checks get copies
        self.loaders.seen = dict.fromkeys(self.memory.seen)
        for batches in (program.batches, program.valid) if data else ():
            self.loaders.remember(None if isinstance(batches, (list, tuple)) else batches)
        self.undo_random, self.enabled = _global_random(), torch.is_grad_enabled()

    def restore(self) -> None:
        """Put everything back."""
        self.memory.restore()
        self.loaders.restore()
        torch.set_grad_enabled(self.enabled)
        self.undo_random()


@contextmanager
def restored(program: Program, data: bool = False) -> Iterator[None]:
    """Let anything happen to the program inside, and put everything back, also after an exception or Ctrl-C."""
    snapshot = Snapshot(program, data)
    try:
        yield
    finally:
        snapshot.restore()
