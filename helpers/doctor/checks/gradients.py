"""Which weights get a gradient from the loss, and whether it is a number."""

import re
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.interception import SoftmaxAxes
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.running import drawn_from, kick, trainable

Grads = dict[str, list[Tensor | None]]


def gradients(program: Program) -> Grads:
    """Return, for each trainable parameter, its gradient from each batch of the sample; None where no path leads."""
    names = trainable(program)
    program.model.train()
    grads: Grads = {name: [] for name in names}
    for batch in program.sample:
        loss = loss_of(program, batch)
        parts: Any = [None] * len(names)
        if loss.requires_grad:
            parts = torch.autograd.grad(loss, list(names.values()), allow_unused=True)
        for name, grad in zip(names, parts, strict=True):
            grads[name].append(grad)
    return grads


def check_flow(program: Program) -> Iterator[Finding]:
    """Name the parts that no gradient reaches: cut off, or without any influence whatever the weights are."""
    grads, names = gradients(program), trainable(program)
    unreached = [name for name, parts in grads.items() if all(part is None for part in parts)]
    cut = [name for name in unreached if _influence(program, names[name]) > 0]
    if cut:
        held = {id(p) for optimizer in program.optimizers for group in optimizer.param_groups for p in group["params"]}
        meant = not any(id(names[name]) in held for name in cut)
        yield found(
            "gradient-cut-off",
            f"no batch leaves a gradient in {_list(cut)}, though the loss changes by "
            f"{_influence(program, names[cut[0]]):.2g} when {cut[0]} is moved",
            "suspicion" if meant and program.optimizers else "fault",
        )
    unused = [name for name in unreached if name not in cut]
    if unused and names:
        idle = _computed(program, unused)
        seen = f"the loss does not use {_list(idle or unused)}" + (", which every pass computes" if idle else "")
        yield found("part-without-gradient", seen, "suspicion" if idle else "note")
    yield from _vanishing(grads)
    still = [name for name, parts in grads.items() if name not in unreached and not _any(parts)]
    if still:
        yield from _without_influence(program, still)


def _vanishing(grads: Grads) -> Iterator[Finding]:
    """Compare the sizes of the matrices' gradients: from the last layers to the first they should not die out."""
    sizes = {
        name: sum(float(part.square().mean().sqrt()) for part in parts if part is not None)
        for name, parts in grads.items()
        if any(part is not None and part.dim() > 1 for part in parts)
    }
    nonzero = {name: size for name, size in sizes.items() if 0 < size < float("inf")}
    if len(nonzero) < 4:
        return
    weak, strong = min(nonzero, key=nonzero.__getitem__), max(nonzero, key=nonzero.__getitem__)
    if nonzero[weak] < 1e-7 * nonzero[strong]:
        yield found(
            "gradient-vanishes",
            f"the gradient of {weak} is {nonzero[weak]:.1g} on average, that of {strong} {nonzero[strong]:.1g}",
            "suspicion",
        )


def _computed(program: Program, names: list[str]) -> list[str]:
    """Return those of the parameters whose module is called in a pass: its result is thrown away."""
    called: set[str] = set()
    owners = dict(program.model.named_modules())

    def note(name: str) -> Any:
        return lambda *_: called.add(name)

    hooks = [owners[name.rpartition(".")[0]].register_forward_hook(note(name)) for name in names if "." in name]
    try:
        with torch.no_grad():
            loss_of(program, program.sample[0])
    finally:
        for hook in hooks:
            hook.remove()
    return [name for name in names if name in called]


def _without_influence(program: Program, still: list[str]) -> Iterator[Finding]:
    """Zero gradients at the start may be meant, as in a low-rank adapter. Move all weights and look again."""
    kick(program.model)
    moved = gradients(program)
    dead = [name for name in still if not _any(moved[name])]
    if not dead:
        return
    with SoftmaxAxes() as axes, torch.no_grad():
        loss_of(program, program.sample[0])
    single = [shape for length, shape in axes.lengths if length == 1]
    seen = f"{_list(dead)}: gradient exactly 0 in {len(program.sample)} batches, also after all weights were moved"
    if single:
        yield found("softmax-over-one", f"a softmax of shape {single[0]} runs over an axis of length 1, and {seen}")
    else:
        matrices = [name for name in dead if trainable(program)[name].dim() > 1]  # a bias may cancel out by right
        yield found("part-without-gradient", seen, "suspicion" if matrices else "note")


def _influence(program: Program, parameter: nn.Parameter) -> float:
    """Return how far the loss moves when one parameter is moved and the random numbers stay the same."""
    old = parameter.detach().clone()
    with torch.no_grad():
        with drawn_from(0):
            before = float(loss_of(program, program.sample[0]))
        with drawn_from(1):
            parameter.add_(0.5 * torch.randn(parameter.shape).to(parameter) * (float(old.abs().mean()) + 0.1))
        with drawn_from(0):
            after = float(loss_of(program, program.sample[0]))
        parameter.copy_(old)
    return abs(after - before)


def check_finite(program: Program) -> Iterator[Finding]:
    """Look for the first batch whose loss or gradient is not a number, and for where it arises."""
    program.model.train()
    names = trainable(program)
    for place, batch in enumerate(program.sample):
        with _first_not_finite(program.model) as layers:
            loss = loss_of(program, batch)
        if layers:
            yield found("outputs-not-finite", f"batch {place}: the output of {layers[0]} is NaN or infinite")
            return
        if not torch.isfinite(loss):
            yield found("gradient-not-finite", f"batch {place}: the loss is {loss.item()}, and all outputs are finite")
            return
        if not loss.requires_grad:
            continue
        grads = torch.autograd.grad(loss, list(names.values()), allow_unused=True)
        bad = [n for n, grad in zip(names, grads, strict=True) if grad is not None and not grad.isfinite().all()]
        if bad:
            operation = _where_nan_arises(program, batch)
            yield found(
                "gradient-not-finite",
                f"batch {place}: the loss is {float(loss.detach()):.3g} but the gradient of {_list(bad)} is not finite"
                + (f"; the NaN arises in {operation}" if operation else ""),
            )
            return


class _first_not_finite:  # noqa: N801 - used as a with statement
    """Lists the modules whose inputs were finite and whose output was not."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.layers, self.hooks = model, list[str](), list[Any]()

    def __enter__(self) -> list[str]:
        for name, module in self.model.named_modules():
            label = f"{name or 'the model'} ({type(module).__name__})"
            self.hooks.append(module.register_forward_hook(self._look(label)))
        return self.layers

    def _look(self, label: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:  # noqa: ARG001
            if isinstance(output, Tensor) and output.is_floating_point() and not output.isfinite().all():
                self.layers.append(label)

        return hook

    def __exit__(self, *error: object) -> None:
        for hook in self.hooks:
            hook.remove()


def _where_nan_arises(program: Program, batch: Any) -> str:
    """Return the operation whose backward pass made the first NaN, as torch names it."""
    try:
        with warnings.catch_warnings(), torch.autograd.detect_anomaly(check_nan=True):
            warnings.simplefilter("ignore")
            loss_of(program, batch).backward()  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        match = re.search(r"Function '(\w+)'", str(error))
        return match.group(1) if match else ""
    return ""


def _any(parts: list[Tensor | None]) -> bool:
    return any(part is not None and bool((part != 0).any()) for part in parts)


def _list(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
