"""Flags that were meant to freeze a layer and do nothing."""

import difflib
from collections.abc import Iterator

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program


def check_freeze_flags(program: Program) -> Iterator[Finding]:
    """Look for attributes like requires_grad that PyTorch does not read."""
    for name, parameter in program.model.named_parameters():
        close = difflib.get_close_matches("requires_grad", list(vars(parameter)), n=1, cutoff=0.8)
        if close and parameter.requires_grad:
            yield found(
                "freeze-flag-misspelt",
                f"{name} has an attribute {close[0]} = {vars(parameter)[close[0]]}, which nothing reads, and its "
                "requires_grad is True",
            )
            return
    for name, module in program.model.named_modules():
        flag = difflib.get_close_matches("requires_grad", list(vars(module)), n=1, cutoff=0.8)
        still = [p for p in module.parameters() if p.requires_grad]
        if flag and vars(module)[flag[0]] is False and still:
            yield found(
                "freeze-flag-misspelt",
                f"{flag[0]} = False was set on the module {name}, which nothing reads: its {len(still)} parameters "
                "have requires_grad = True",
            )
            return
