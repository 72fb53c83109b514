"""Small interventions that the checks share: a mode, a seed, moved weights, a few training steps."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.clock import Clock
from helpers.doctor.probing.main_answer import main_first
from helpers.doctor.probing.program import Program, loss_of, outputs
from helpers.doctor.probing.trees import batch_length, cloned, floats, tensors

CLOSE = 1e-4  # relative: below this two float32 results are the same


@contextmanager
def mode_of(model: nn.Module, train: bool) -> Iterator[None]:
    """Hold the model in train or eval mode, then give every module its own mode back."""
    modes = {module: module.training for module in model.modules()}
    model.train(train)
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """Draw torch's random numbers from this seed inside, and go on as before after it."""
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)


def answers(program: Program, inputs: Any, *, train: bool = False, seed: int = 0, carry: bool = False) -> list[Tensor]:
    """Return the float outputs of the model on a copy of the inputs, without a graph; what the loss reads comes first.

    With ``carry``, what the model keeps in its attributes, such as a hidden state, stays for the next call.
    """
    model = program.model
    with mode_of(model, train), drawn_from(seed), torch.no_grad(), attributes_of(model, keep=not carry):
        result = outputs(model, cloned(inputs))
    return [tensor.detach().float() for tensor in main_first(program, floats(result))]


def furthest(first: list[Tensor], second: list[Tensor]) -> float:
    """Return the largest difference of two answers, as a share of the largest value; infinity for other shapes."""
    if [tensor.shape for tensor in first] != [tensor.shape for tensor in second]:
        return float("inf")
    worst = 0.0
    for old, new in zip(first, second, strict=True):
        if old.numel():
            size = max(float(old.abs().max()), float(new.abs().max()), 1e-12)
            worst = max(worst, float((old - new).abs().max()) / size)
    return worst


def kick(model: nn.Module, share: float = 0.2, seed: int = 1) -> None:
    """Move every trainable weight by noise, so that nothing is special about the start any more."""
    with torch.no_grad(), drawn_from(seed):
        for parameter in model.parameters():
            if parameter.requires_grad and parameter.is_floating_point():
                spread = float(parameter.std()) if parameter.numel() > 1 else 0.0
                size = share * (spread if spread > 0 else 0.1)
                parameter.add_(size * torch.randn(parameter.shape).to(parameter))


def trainable(program: Program) -> dict[str, nn.Parameter]:
    """Return the parameters that training may move: those with requires_grad that are not named in ``frozen``."""
    names = tuple(program.frozen or ())
    kept = {id(parameter) for parameter in program.target.parameters()} if program.target is not None else set()
    if program.target is program.model:
        kept = set()
    return {
        name: parameter
        for name, parameter in program.model.named_parameters()
        if parameter.requires_grad and not under(name, names) and id(parameter) not in kept
    }


def under(name: str, places: tuple[str, ...]) -> bool:
    """True where a parameter's name is one of these, or lies below one."""
    return any(name == place or name.startswith(place + ".") for place in places)


def take_step(program: Program, batch: Any) -> float:
    """Take one training step as the program does it, and return its loss; NaN where it returns none.

    The step may change the batch, so hand it a copy.
    """
    if program.train_step is not None:
        return number(program.train_step(program.model, batch, program.optimizer))
    for optimizer in program.optimizers:
        optimizer.zero_grad()
    loss = loss_of(program, batch)
    loss.backward()  # type: ignore[no-untyped-call]
    for optimizer in program.optimizers:
        optimizer.step()
    return float(loss.detach())


def go_through_sample(program: Program) -> None:
    """Run each batch of the sample through the loss, without a graph, or through a step where the step has the loss.

    A step moves the weights. What the model keeps in its attributes is put back after each batch.
    """
    for batch in program.sample:
        with attributes_of(program.model):
            if program.has_loss:
                with torch.no_grad():
                    loss_of(program, cloned(batch))
            else:
                take_step(program, cloned(batch))


def number(loss: Any) -> float:
    """Return the first single number in what a step gave back, or NaN."""
    if isinstance(loss, (int, float)):
        return float(loss)
    one = next((tensor for tensor in tensors(loss) if tensor.numel() == 1), None)
    return math.nan if one is None else float(one.detach())


def train_for(program: Program, steps: int, seconds: float) -> list[float]:
    """Train for so many steps, or until the time is up, on batches as they come; return the losses."""
    clock, losses = Clock(seconds), list[float]()
    program.model.train()
    while len(losses) < steps:
        before = len(losses)
        for batch in program.batches:
            losses.append(take_step(program, program.on_device(cloned(batch))))
            if len(losses) >= steps or clock.over:
                return losses
        if len(losses) == before:
            return losses
    return losses


def inputs_of(program: Program) -> list[Any]:
    """Return the model's inputs for the sample's batches."""
    return program.calls


def largest_inputs(program: Program) -> Any:
    """Return the model's inputs for the longest batch of the sample."""
    return max(program.calls, key=batch_length)


def largest_batch(program: Program) -> Any:
    """Return the longest batch of the sample."""
    return max(program.sample, key=batch_length)
