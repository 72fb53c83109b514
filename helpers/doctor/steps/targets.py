"""Target networks and teachers: are they held still, and are they ever brought up to date?"""

from collections.abc import Iterator
from statistics import median

from torch import nn

from helpers.doctor.causes import found
from helpers.doctor.findings import Finding
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.run import LONG
from helpers.doctor.steps.given import Given

ASTRAY = 0.5  # a cosine; any copy or average with the model gives 1


def judge_target(seen: Recording, given: Given) -> Iterator[Finding]:
    """Compare the target with the network that learns from it: one object, trained by the optimizer, never updated."""
    target = given.target
    if target is None:
        return
    shared = _shared(seen.model, target)
    if shared:
        total = sum(1 for _ in target.parameters())
        yield found(
            "target-is-the-same-object",
            f"{shared} of the target's {total} parameters share their memory with the model's: between two updates "
            "they differ by 0",
        )
        return
    held = {id(p) for optimizer in seen.optimizers for group in optimizer.param_groups for p in group["params"]}
    trained = [
        name for name, parameter in target.named_parameters() if id(parameter) in held and parameter.requires_grad
    ]
    if trained and seen.target_moved:
        yield found(
            "gradient-through-target",
            f"{len(trained)} parameters of the target are in the optimizer, and moved by {seen.target_moved:.3g}",
        )
    yield from _updates(seen, target)


def _updates(seen: Recording, target: nn.Module) -> Iterator[Finding]:
    """Tell a target that is written to and never changes from one that goes astray and one never written to."""
    own = [load for load in seen.loads if load.module is target and load.own]
    given = [load for load in seen.loads if load.from_target and load.module is not target]
    online, count = max(seen.stepped.values(), default=0.0), len(seen.steps)
    if not online:
        return
    text, grade = "", "fault"
    if seen.target_moved and seen.follows and median(seen.follows) < ASTRAY:
        text = (
            f"the target was changed {len(seen.follows)} times in {count} steps, and not towards the model: the cosine "
            f"of its change and the way there was {median(seen.follows):.2g}, where 1 is straight"
        )
    elif not seen.target_moved and given and not seen.written:
        text = f"the model was given the target's weights {len(given)} times in {count} steps, the target never its own"
    elif not seen.target_moved and (own or seen.written):
        times = max(seen.written, len(own))
        text = f"the target was written to {times} times in {count} steps with its own values, and moved by 0"
    elif not seen.target_moved and count >= LONG:
        text, grade = f"nothing wrote to the target in {count} steps", "suspicion"
    if text:
        yield found("target-never-updated", f"{text}; one step moved the model by up to {online:.3g}", grade)


def _shared(model: nn.Module, target: nn.Module) -> int:
    mine = {parameter.data_ptr() for parameter in model.parameters() if parameter.numel()}
    return sum(parameter.data_ptr() in mine for parameter in target.parameters() if parameter.numel())


def judge_reference(seen: Recording, given: Given) -> Iterator[Finding]:
    """Look for a model that is given back its own live weights, as a 'best' state kept without a copy would be."""
    own = [load for load in seen.loads if load.own and load.module is not given.target]
    if own:
        yield found(
            "checkpoint-is-reference",
            f"load_state_dict was given the model's own {own[-1].matched} tensors, not copies: it changed nothing",
        )
    empty = [load for load in seen.loads if load.tensors and not load.matched]
    if empty:
        yield found(
            "checkpoint-not-loaded",
            f"load_state_dict matched 0 of the model's {empty[-1].tensors} tensors",
        )
