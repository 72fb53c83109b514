"""What moved in the recorded steps, and what did not although it was to."""

from collections.abc import Iterator

from torch.nn.modules.batchnorm import _BatchNorm

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.probing.rates import HAND_OVER, untold
from helpers.doctor.recording.events import Recording
from helpers.doctor.steps.given import Given

ROUNDING = 1e-5  # of the largest gradient: a bias before a batch normalization gets no more, by rounding
TINY = 1e-5  # a rate below this may be too small to move a number in float32
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def judge_movement(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for weights that got gradients in several steps and are bit by bit where they were."""
    steps = [step for step in seen.steps if step.judged and step.used]
    if len(steps) < 3:
        return
    rates = [rate for step in steps for rate in step.rates]
    noise = ROUNDING * max(seen.graded.values(), default=0.0)
    still = [name for name, size in seen.graded.items() if size > noise and seen.stepped.get(name) == 0.0]
    if not still:
        return
    top = max((seen.graded[name], name) for name in still)
    text = (
        f"{len(still)} of {len(seen.graded)} parameters did not move in {len(steps)} steps, among them '{top[1]}' "
        f"with a gradient of norm {top[0]:.3g}; the rate was {max(rates, default=0.0):.3g} at most"
    )
    grade = "fault"
    if not given.whole and max(rates, default=0.0) < TINY and untold(seen.optimizers, given.scheduler):
        text, grade = text + HAND_OVER, "note"
    yield found("nothing-moves" if len(still) == len(seen.graded) else "weights-do-not-move", text, grade)


def judge_coverage(seen: Recording, _given: Given) -> Iterator[Finding]:
    """Look for parameters that get gradients and that no optimizer holds."""
    if not seen.steps or not seen.backwards:
        return
    mine = {id(parameter): name for name, parameter in seen.model.named_parameters() if parameter.requires_grad}
    held = {id(p) for optimizer in seen.optimizers for group in optimizer.param_groups for p in group["params"]}
    missed = [name for key, name in mine.items() if key not in held]
    if mine and len(missed) == len(mine):
        yield found(
            "optimizer-of-another-model",
            f"the optimizer holds {len(held)} tensors, and none of the model's {len(mine)} parameters is among them",
        )
    elif missed and any(event.outside for event in seen.backwards):
        still = [name for name in missed if seen.moved.get(name, 0.0) == 0.0]
        if still:
            yield found(
                "optimizer-misses-parameters",
                f"{len(still)} of {len(mine)} parameters that ask for gradients are in no optimizer, such as "
                f"'{still[0]}', and did not move in {len(seen.steps)} steps",
            )


def judge_frozen(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for movement where none was meant: in the parts named frozen, and in statistics of frozen layers."""
    parameters = dict(seen.model.named_parameters())
    meant = {name for name in seen.moved if _within(name, given.frozen or ())}
    moved = {name: seen.moved[name] for name in meant if seen.moved[name] and name in parameters}
    if moved:
        size, name = max((size, name) for name, size in moved.items())
        yield found(
            "frozen-layer-moves",
            f"'{name}', which is to be frozen, moved by {size:.3g} in {len(seen.steps)} steps",
        )
    drifting = [(size, name) for name, size in seen.moved.items() if size and _statistic_of_frozen(seen, name)]
    if drifting:
        size, name = max(drifting)
        wanted = any(name in meant for _, name in drifting)
        yield found(
            "frozen-statistics-move",
            f"the statistics '{name}' of a frozen layer moved by {size:.3g} in {len(seen.steps)} steps",
            "fault" if wanted else "suspicion",
        )


def _within(name: str, parts: tuple[str, ...]) -> bool:
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def _statistic_of_frozen(seen: Recording, name: str) -> bool:
    owner, _, last = name.rpartition(".")
    if last not in STATISTICS[:2]:
        return False
    layer = seen.model.get_submodule(owner)
    weights = list(layer.parameters(recurse=False))
    return isinstance(layer, _BatchNorm) and bool(weights) and not any(weight.requires_grad for weight in weights)
