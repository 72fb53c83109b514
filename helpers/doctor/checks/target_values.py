"""What torch's losses are handed as targets: shares that are none, such as masks of 0 and 255."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program
from helpers.doctor.probing.running import go_through_sample

LOSSES = {
    F.binary_cross_entropy_with_logits: "binary_cross_entropy_with_logits",
    F.cross_entropy: "cross_entropy",
}
ROUNDING = 1e-3


class _Targets(TorchFunctionMode):
    """Keeps the targets that are floating-point numbers outside of 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: dict[str, list[Tensor]] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Look at the target of a loss; call everything as it is."""
        kwargs = dict(kwargs or {})
        if func in LOSSES:
            given = args[1] if len(args) > 1 else kwargs.get("target")
            if isinstance(given, Tensor) and given.is_floating_point() and bool(_outside(given).any()):
                self.outside.setdefault(LOSSES[func], []).append(given.detach())
        return func(*args, **kwargs)


def _outside(targets: Tensor) -> Tensor:
    return (targets < -ROUNDING) | (targets > 1 + ROUNDING)


def check_target_values(program: Program) -> Iterator[Finding]:
    """Compute the loss of each batch of the sample, and look at the shares that torch's losses are handed."""
    program.model.train()
    with _Targets() as seen:
        go_through_sample(program)
    for name, targets in seen.outside.items():
        every = torch.cat([each.reshape(-1) for each in targets])
        yield found(
            "targets-out-of-range",
            f"{name} is handed targets from {float(every.min()):.3g} to {float(every.max()):.3g}, "
            f"{float(_outside(every).float().mean()):.0%} of them outside of 0..1",
            "fault" if name.startswith("binary") else "suspicion",
        )
