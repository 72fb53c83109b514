"""Answers that differ from one call to the next in eval mode, and why."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.interception import WithoutDropout
from helpers.doctor.probing.program import Program, split
from helpers.doctor.probing.running import CLOSE, answers, furthest, inputs_of
from helpers.doctor.probing.trees import batch_length, cloned, joined, tensors

NORMS = torch.nn.modules.batchnorm._BatchNorm


def check_determinism(program: Program) -> Iterator[Finding]:
    """Ask twice in eval mode with the same random numbers, then with others."""
    inputs = inputs_of(program)[0]
    first, again = (answers(program, inputs, carry=True) for _ in range(2))
    carried = furthest(first, again)
    if carried > CLOSE:
        if not _continues(program):
            yield found(
                "state-carried-over",
                f"the same batch given twice changes the answers by {100 * carried:.0f} % of their size, with equal "
                "random numbers, and the batches do not continue one another",
            )
        return
    change = furthest(first, answers(program, inputs, seed=1))
    if change <= CLOSE:
        return
    with WithoutDropout():
        without = furthest(answers(program, inputs), answers(program, inputs, seed=1))
    seen = f"two passes over one batch in eval mode differ by {100 * change:.0f} % of the answers' size"
    if without > CLOSE:
        given = next(tensors(inputs), None)  # what draws new samples of its input's kind is meant to be random
        alike = given is not None and given.numel() == first[0].numel()
        yield found("answers-random", seen, "note" if alike else "suspicion")
    elif not _evaluated_many_times(program):
        grade = "suspicion" if program.evaluate is None else "fault"
        yield found("dropout-always-on", f"{seen}, and not at all when dropout is switched off", grade)


def check_dropout(program: Program) -> Iterator[Finding]:
    """Look for dropout that leaves next to nothing: often the share to keep, where the share to drop is due."""
    for name, module in program.model.named_modules():
        if isinstance(module, nn.modules.dropout._DropoutNd) and 0.85 < module.p < 1:
            seen = f"{name} drops {100 * module.p:.0f} of 100 units in each training pass"
            yield found("dropout-too-strong", seen, "suspicion")
            return


def check_batch_of_one(program: Program) -> Iterator[Finding]:
    """Batches of one sample and a BatchNorm: compare answers given alone with those in one batch of all."""
    norms = [name for name, module in program.model.named_modules() if isinstance(module, NORMS)]
    if not norms or len(program.sample) < 4 or any(batch_length(batch) != 1 for batch in program.sample):
        return
    program.model.train()
    if not any(isinstance(module, NORMS) and module.training for module in program.model.modules()):
        return
    inputs = inputs_of(program)
    alone = torch.cat([_first(answers(program, each, train=True)) for each in inputs])
    together = answers(program, joined(inputs), train=True)[0]
    spread, due = float(alone.std(0).mean()), float(together.std(0).mean())
    if spread < 0.5 * due:
        yield found(
            "batchnorm-of-one-sample",
            f"{norms[0]} sees one sample at a time: the answers to {len(inputs)} samples differ by {spread:.2g} when "
            f"each is normalized alone, and by {due:.2g} when all are normalized together",
        )


def _continues(program: Program) -> bool:
    """True where each batch goes on where the one before ended, so that a state may be carried."""
    pairs = [(_first(split(batch)[0]), _first(split(batch)[1])) for batch in program.sample]
    links = []
    for (old, target), (new, _) in pairwise(pairs):
        if old is None or new is None or old.dim() < 2 or new.shape != old.shape:
            return False
        if target is not None and target.shape == old.shape:
            links.append(float((target[:, -1] - new[:, 0]).abs().float().max()) < 1e-6)
        else:
            step, span = (new[:, 0] - old[:, -1]).abs().float().mean(), (old[:, 0] - old[:, -1]).abs().float().mean()
            links.append(bool(step < 0.2 * span))
    return bool(links) and all(links)


def _first(tree: Any) -> Any:
    return next(tensors(tree), None)


def _evaluated_many_times(program: Program) -> bool:
    """True where the program's evaluation asks several times about the same inputs: it averages on purpose."""
    if program.evaluate is None or not program.valid_sample:
        return False
    asked: list[bytes] = []

    def note(module: nn.Module, given: tuple[Any, ...], kwargs: Any) -> None:  # noqa: ARG001
        first = next(tensors([given, kwargs]), None)
        asked.append(b"" if first is None else first.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())

    hook = program.model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        program.evaluate(program.model, cloned(program.valid_sample[:1]))
    finally:
        hook.remove()
    return len(asked) > len(set(asked))
