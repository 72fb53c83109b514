"""What the model's answers depend on: its input, the rest of the batch, what came before."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.interception import Attention, NotInPlace, WithoutDropout
from helpers.doctor.probing.program import Program, outputs
from helpers.doctor.probing.running import CLOSE, answers, furthest, inputs_of, kick, largest_inputs
from helpers.doctor.probing.trees import batch_length, cloned, first_float, rows, tensors


def check_input(program: Program) -> Iterator[Finding]:
    """Give the model different samples; also with moved weights, all answers should not be the same."""
    inputs = largest_inputs(program)
    kick(program.model)
    with WithoutDropout():  # in train mode, since BatchNorm does not know the scale of its inputs before training
        answer = answers(program, inputs, train=True)
    if not answer or answer[0].dim() == 0 or len(answer[0]) < 2 or not _differ(first_float(inputs)):
        return
    first = answer[0]
    spread, size = float((first - first[:1]).abs().max()), float(first.abs().max())
    if len(first) == batch_length(inputs) and spread <= 1e-7 * max(size, 1e-30):
        yield found("input-ignored", f"{len(first)} different samples get the same answer, to {spread:.1g}")


def _differ(values: Tensor | None) -> bool:
    return values is not None and values.dim() > 0 and bool((values != values[:1]).any())


def check_batch(program: Program) -> Iterator[Finding]:
    """Replace all samples of a batch but one; in eval mode the answer for that one should stay."""
    inputs = largest_inputs(program)
    length = batch_length(inputs)
    if length < 3 or _is_graph(inputs, length):
        return
    if furthest(answers(program, inputs), answers(program, inputs)) > CLOSE:
        return  # it is not the others that change the answer
    kept = length // 2
    order = torch.full((length,), _least_alike(inputs, kept))
    order[kept] = kept
    base, other = answers(program, inputs), answers(program, rows(inputs, order))
    if not base or base[0].dim() == 0 or len(base[0]) != length or _compares_samples(program, base[0], inputs):
        return
    change = float((base[0][kept] - other[0][kept]).abs().max())
    if change <= CLOSE * max(float(base[0].abs().max()), 1e-12):
        return
    seen = f"the answer for sample {kept} changed by {change:.2g} when only the other {length - 1} samples changed"
    layer = _along_the_batch(program, inputs)
    if layer:
        yield found("batch-taken-for-time", f"{layer} takes the first axis, the batch, for time: {seen}")
    else:
        yield found("batch-mixed", seen, "suspicion" if _batch_statistics(program.model) else "fault")


def _least_alike(inputs: Any, kept: int) -> int:
    """Return the sample whose first input is furthest from that of sample ``kept``."""
    first = next(tensors(inputs)).flatten(1) if next(tensors(inputs)).dim() > 1 else next(tensors(inputs))[:, None]
    return int((first != first[kept]).float().mul((first - first[kept]).abs().float()).sum(1).argmax())


def _compares_samples(program: Program, answer: Tensor, inputs: Any) -> bool:
    """True where the output has one column for each sample, whatever their number: samples are compared on purpose."""
    fewer = answers(program, rows(inputs, slice(0, len(answer) - 1)))
    return answer.dim() >= 2 and answer.shape[1] == len(answer) and fewer[0].shape[1] == len(answer) - 1


def _is_graph(inputs: Any, length: int) -> bool:
    """True where an input says which samples are neighbours: an adjacency matrix or a list of edges."""
    shapes = [tuple(tensor.shape) for tensor in tensors(inputs)]
    return len(shapes) > 1 and any(shape == (length, length) or (len(shape) == 2 and shape[0] == 2) for shape in shapes)


def _batch_statistics(model: nn.Module) -> bool:
    """True where a BatchNorm was told to use the batch's own statistics at evaluation too."""
    norm = torch.nn.modules.batchnorm._BatchNorm
    return any(isinstance(module, norm) and module.running_mean is None for module in model.modules())


def _along_the_batch(program: Program, inputs: Any) -> str:
    """Name a recurrent or attention layer whose time axis follows the number of samples."""
    lengths: dict[str, list[tuple[int, ...]]] = {}

    def note(name: str) -> Any:
        def hook(module: nn.Module, given: tuple[Any, ...]) -> None:  # noqa: ARG001
            first = next(tensors(given), None)
            if first is not None:
                lengths.setdefault(name, []).append(tuple(first.shape))

        return hook

    timed = {name: module for name, module in program.model.named_modules() if isinstance(_batch_first(module), bool)}
    hooks = [module.register_forward_pre_hook(note(name)) for name, module in timed.items()]
    for part in (inputs, rows(inputs, slice(0, batch_length(inputs) - 1))):
        answers(program, part)
    for hook in hooks:
        hook.remove()
    for name, shapes in lengths.items():
        time_axis = 1 if _batch_first(timed[name]) else 0
        full, fewer = shapes[0], shapes[len(shapes) // 2]
        if len(full) == 3 and full[time_axis] - fewer[time_axis] == 1:
            return f"{name} ({type(timed[name]).__name__})"
    return ""


def _batch_first(module: nn.Module) -> bool | None:
    """Return batch_first of a recurrent or attention layer, also where an encoder layer keeps it in its attention."""
    value = getattr(module, "batch_first", getattr(getattr(module, "self_attn", None), "batch_first", None))
    return value if isinstance(value, bool) else None


def check_in_place(program: Program) -> Iterator[Finding]:
    """Run the activations out of place; the answers should not change, and the batch should not in any case."""
    inputs = inputs_of(program)[0]
    yield from _batch_changed(program, inputs)
    with Attention():  # any mode makes torch take the same path through attention layers
        before = answers(program, inputs)
    switched = [(name, module) for name, module in program.model.named_modules() if getattr(module, "inplace", False)]
    for _, module in switched:
        module.inplace = False
    with NotInPlace():
        after = answers(program, inputs)
    change = furthest(before, after)
    if change > CLOSE:
        name = f"{switched[0][0]} ({type(switched[0][1]).__name__})" if switched else "an activation"
        yield found(
            "changed-in-place",
            f"the answers change by {100 * change:.0f} % of their size when {name} does not overwrite its input",
        )


def _batch_changed(program: Program, inputs: Any) -> Iterator[Finding]:
    """Compare the inputs before and after a pass."""
    given = cloned(inputs)
    with torch.no_grad(), attributes_of(program.model):
        outputs(program.model, given)
    changed = [
        (old, new) for old, new in zip(tensors(inputs), tensors(given), strict=True) if not torch.equal(old, new)
    ]
    if changed and not bool(changed[0][0].isnan().any()):
        far = float((changed[0][0].float() - changed[0][1].float()).abs().max())
        kept = isinstance(program.batches, (list, tuple))
        yield found(
            "changed-in-place",
            f"one pass of the model changes the batch that it is given, by up to {far:.2g}: the next epoch reads that",
            "fault" if kept else "suspicion",
        )
