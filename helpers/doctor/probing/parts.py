"""The networks of a model that is never called as a whole, such as an nn.ModuleDict, each as a program of its own."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from torch import nn

from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.trees import batch_length, cloned


def parts(program: Program) -> dict[str, Program]:
    """Return, by name, the networks that a step calls itself, with what it hands them; the same ones from then on."""
    if "_parts" not in vars(program):
        vars(program)["_parts"] = dict(_found(program))
    kept: dict[str, Program] = vars(program)["_parts"]
    return kept


def _found(program: Program) -> Iterator[tuple[str, Program]]:
    runs = [_called(program, batch) for batch in program.sample]
    for name in runs[0]:
        calls = [run[name] for run in runs if name in run]
        lengths = [batch_length(batch) for batch in program.sample]
        if [batch_length(call) for call in calls] != lengths:
            continue  # its first axis may be time, or it is handed several batches at once
        part = replace(program, model=program.model.get_submodule(name), loss_fn=None, step=None, train_step=None)
        part.evaluate = part.target = None
        vars(part).update(sample=program.sample, calls=calls, answers_alone=True, _main_place=0)
        yield name, part


def _called(program: Program, batch: Any) -> dict[str, Any]:
    """Return the inputs of the first call of each network that no other one has called, in one step."""
    calls: dict[str, Any] = {}
    running: list[str] = []

    def begin(name: str) -> Any:
        def hook(_module: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
            if not running and not (args and named):
                calls.setdefault(name, cloned(args or named))
            running.append(name)

        return hook

    hooks: list[Any] = []
    for name, module in program.model.named_modules():
        if name and next(module.parameters(), None) is not None:
            hooks.append(module.register_forward_pre_hook(begin(name), with_kwargs=True))
            hooks.append(module.register_forward_hook(lambda *_: running.pop() and None))
    try:
        _step(program, batch)
    finally:
        for hook in hooks:
            hook.remove()
    return calls


def _step(program: Program, batch: Any) -> None:
    with attributes_of(program.model):
        if program.train_step is not None:
            program.train_step(program.model, cloned(batch), program.optimizer)
        elif program.has_loss:
            loss_of(program, cloned(batch))
