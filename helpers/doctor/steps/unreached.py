"""Weights that an optimizer steps, that run in each step, and that no backward pass brings a gradient to."""

from collections.abc import Iterator

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording
from helpers.doctor.steps.given import Given

ENOUGH = 4  # steps of an optimizer


def judge_unreached(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look at each optimizer: a part of the model that runs for it, with gradients recorded, should get some."""
    names = {id(parameter): name for name, parameter in seen.model.named_parameters() if parameter.requires_grad}
    for number, optimizer in enumerate(seen.optimizers):
        steps = len(seen.stepped_with(number))
        held = [names[id(p)] for group in optimizer.param_groups for p in group["params"] if id(p) in names]
        cut = [name for name in held if name in seen.unreached and name.rpartition(".")[0] in seen.ran]
        if steps < ENOUGH or not cut or not seen.backwards:
            continue
        whole = len(cut) == len(held)
        which = f" of {seen.names[number]}" if seen.names[number] and len(seen.optimizers) > 1 else ""
        yield found(
            "gradient-cut-off",
            f"{'all ' if whole else ''}{len(cut)} of the {len(held)} parameters in the optimizer{which}, such as "
            f"'{cut[0]}', took part in the forward passes, and got no gradient in {steps} steps",
            "fault" if whole else "suspicion",
        )
        return
