"""An optimizer that is made anew for each step, so that what it had gathered is lost."""

from collections import Counter
from collections.abc import Iterator

from torch.optim import Optimizer

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording
from helpers.doctor.steps.given import Given

MANY = 4  # optimizers of the same weights


def judge_remade(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look for several optimizers of the same weights that each keep a memory of gradients and step only once."""
    steps = Counter(step.optimizer for step in seen.steps)
    groups: dict[tuple[int, ...], list[int]] = {}
    for number in steps:
        optimizer = seen.optimizers[number]
        if _remembers(optimizer):
            held = tuple(id(p) for group in optimizer.param_groups for p in group["params"])
            groups.setdefault(held, []).append(number)
    for held, numbers in groups.items():
        once = [number for number in numbers if steps[number] == 1]
        if len(once) >= MANY and len(once) == len(numbers):
            name = type(seen.optimizers[once[0]]).__name__
            yield found(
                "optimizer-made-anew",
                f"{len(once)} optimizers of the kind {name} hold the same {len(held)} weights and made one step each: "
                "their averages of earlier gradients were empty every time",
            )
            return


def _remembers(optimizer: Optimizer) -> bool:
    """True where the optimizer has kept tensors beyond a count of its steps."""
    return any(
        hasattr(value, "dim") and value.dim() > 0 for state in optimizer.state.values() for value in state.values()
    )
