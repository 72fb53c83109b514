"""Units that give 0 for every sample before any training: nothing passes them, and no gradient comes back."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.attributes import attributes_of
from helpers.doctor.probing.program import Program, loss_of
from helpers.doctor.probing.trees import cloned

RELUS = {F.relu, F.relu_, F.relu6, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}
FEW, SUSPECT = 4, 0.8  # units of a layer, and the share of them that gives nothing


class _Fired(TorchFunctionMode):
    """Notes, call by call of a pass, which units of a ReLU gave anything but 0 to any sample."""

    def __init__(self) -> None:
        super().__init__()
        self.fired: dict[int, Tensor] = {}
        self.call = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Look at what a ReLU gives; call everything as it is."""
        result = func(*args, **dict(kwargs or {}))
        if func in RELUS and result.dim() >= 2:
            units = (result.detach().transpose(0, 1 if result.dim() > 3 else -1).flatten(1) > 0).any(1)
            before = self.fired.get(self.call)
            self.fired[self.call] = units if before is None or before.shape != units.shape else before | units
            self.call += 1
        return result


def check_dead_units(program: Program) -> Iterator[Finding]:
    """Look for layers of which all units, or most, answer to no sample of several batches."""
    program.model.train()
    with _Fired() as seen, torch.no_grad():
        for batch in program.sample:
            seen.call = 0
            with attributes_of(program.model):
                loss_of(program, cloned(batch))
    shares = {place: float((~fired).float().mean()) for place, fired in seen.fired.items() if len(fired) >= FEW}
    if not shares:
        return
    worst = max(shares, key=shares.__getitem__)
    if shares[worst] > SUSPECT:
        count = len(seen.fired[worst])
        yield found(
            "units-dead-at-start",
            f"before any training {shares[worst]:.0%} of the {count} units of ReLU number {worst + 1} give 0 for every "
            f"sample of {len(program.sample)} batches",
            "fault" if shares[worst] == 1 else "suspicion",
        )
