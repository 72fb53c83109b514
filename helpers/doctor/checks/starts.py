"""How a training starts: the first loss against that of chance, and layers that are one and the same."""

from collections.abc import Iterator

import torch
from torch import nn

from helpers.doctor.causes import found
from helpers.doctor.checks.losses import right_answers
from helpers.doctor.findings import Finding
from helpers.doctor.probing.loss_probe import LossProbe
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import answers, largest_batch

FAR = 4.0  # times the loss of equal scores


def check_start_loss(program: Program) -> Iterator[Finding]:
    """Compare the first loss of a classifier with that of equal scores for all classes."""
    program.model.train()
    probe = LossProbe(program, largest_batch(program))
    if not right_answers(probe):
        return
    first, equal = probe.value(probe.answer), probe.value(torch.zeros_like(probe.answer))
    if equal > 0 and first > FAR * equal:
        seen = f"the first loss is {first:.3g}; equal scores for all classes cost {equal:.3g}"
        yield found("start-loss-high", seen, "suspicion")


def check_shared_layers(program: Program) -> Iterator[Finding]:
    """Look for one layer that stands in several places of the model and runs in each."""
    places: dict[nn.Module, list[str]] = {}
    for name, module in program.model.named_modules(remove_duplicate=False):
        if next(module.parameters(recurse=False), None) is not None:
            places.setdefault(module, []).append(name)
    shared = [names for module, names in places.items() if len(names) > 1 and _runs(program, module) > 1]
    if shared:
        named = ", ".join(shared[0][:3])
        yield found("layers-share-weights", f"{named} are one and the same layer, with one set of weights", "suspicion")


def _runs(program: Program, module: nn.Module) -> int:
    """Count how often a layer runs in one pass: one name may be but another name for it."""
    inputs, runs = program.calls[0], list[int]()
    hook = module.register_forward_hook(lambda *_: runs.append(1))
    try:
        answers(program, inputs)
    finally:
        hook.remove()
    return len(runs)
