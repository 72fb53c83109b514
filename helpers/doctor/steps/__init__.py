"""The checks of what a training step does, in the order in which they run."""

from collections.abc import Iterator

from helpers.doctor.checks.check import Check
from helpers.doctor.findings import Finding
from helpers.doctor.probing.program import Program
from helpers.doctor.recording.events import Recording
from helpers.doctor.recording.run import trained
from helpers.doctor.steps.accumulation import check_averaging
from helpers.doctor.steps.collapse import check_collapse
from helpers.doctor.steps.epochs import check_sampler, check_schedule, unseen_schedule
from helpers.doctor.steps.given import Given
from helpers.doctor.steps.growth import judge_losses
from helpers.doctor.steps.kept import judge_graphs
from helpers.doctor.steps.loaders import judge_readings, judge_samplers
from helpers.doctor.steps.modes import judge_modes
from helpers.doctor.steps.movement import judge_coverage, judge_frozen, judge_movement
from helpers.doctor.steps.norms import judge_statistics
from helpers.doctor.steps.order import judge_calls, judge_clearing, judge_leftovers
from helpers.doctor.steps.rates import check_rate
from helpers.doctor.steps.remade import judge_remade
from helpers.doctor.steps.scaling import judge_clipping, judge_limit, judge_scale, judge_unscaling
from helpers.doctor.steps.schedules import judge_first, judge_never, judge_owner, judge_plateau, judge_rates
from helpers.doctor.steps.targets import judge_reference, judge_target
from helpers.doctor.steps.terms import check_terms
from helpers.doctor.steps.unreached import judge_unreached
from helpers.doctor.steps.unused import check_parts

ALWAYS = (
    judge_movement,
    judge_coverage,
    judge_frozen,
    judge_target,
    judge_owner,
    judge_statistics,
    judge_graphs,
)  # also of the doctor's own plain step
OF_LOOPS = (
    judge_leftovers,
    judge_clearing,
    judge_calls,
    judge_unscaling,
    judge_scale,
    judge_clipping,
    judge_limit,
    judge_modes,
    judge_samplers,
    judge_readings,
    judge_reference,
    judge_unreached,
    judge_remade,
    judge_plateau,
)
OF_WHOLE_LOOPS = (judge_rates, judge_never, judge_first, judge_losses)  # not of a few steps of a train_step


def judged(seen: Recording, given: Given, *, loop: bool = False) -> Iterator[Finding]:
    """Yield what all judgments find in a recording; ``loop`` says that it is of a loop as the reader runs it."""
    judges = ALWAYS + (OF_LOOPS if given.whole else ()) + (OF_WHOLE_LOOPS if loop else ())
    for judge in judges:
        yield from judge(seen, given)


def check_steps(program: Program) -> Iterator[Finding]:
    """Take some steps under a recorder, and judge what was seen."""
    seen = trained(program).seen
    yield from judged(seen, Given.of(program))
    yield from check_schedule(program, seen)


CHECKS: tuple[Check, ...] = (
    Check("training steps", check_steps, ("optimizer",)),
    Check("accumulation", check_averaging, ("optimizer", "loss")),
    Check("terms of the loss", check_terms, ()),
    Check("flags of the batch", check_parts, ()),
    Check("sampler of the batches", check_sampler, ()),
    Check("learning rate", check_rate, ("optimizer", "loss")),
    Check("spread of the answers", check_collapse, ("optimizer", "loss")),
)

__all__ = ["CHECKS", "Given", "judged", "unseen_schedule"]
