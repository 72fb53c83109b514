"""The checks of model, loss and data, in the order in which they run."""

from helpers.doctor.checks.check import Check
from helpers.doctor.checks.gradients import check_finite, check_flow
from helpers.doctor.checks.losses import check_class_weights, check_direction, check_pairs
from helpers.doctor.checks.modes import check_determinism
from helpers.doctor.checks.outputs import check_batch, check_in_place, check_input
from helpers.doctor.checks.ranges import check_ranges
from helpers.doctor.checks.registration import check_optimizer, check_registration
from helpers.doctor.checks.units import check_equal_units

CHECKS = (
    Check("registered parameters", check_registration, ("loss",)),
    Check("what the optimizer holds", check_optimizer, ("optimizer",)),
    Check("numbers that are finite", check_finite, ("loss",)),
    Check("gradient flow", check_flow, ("loss",)),
    Check("units that differ", check_equal_units, ("optimizer",)),
    Check("dependence on the input", check_input, ("answers",)),
    Check("dependence on the batch", check_batch, ("answers",)),
    Check("values changed in place", check_in_place, ("answers",)),
    Check("answer against its own target", check_pairs, ("loss", "answers")),
    Check("direction of the loss", check_direction, ("loss", "answers")),
    Check("weights of the classes", check_class_weights, ("loss", "answers")),
    Check("range of the answers", check_ranges, ("loss", "answers")),
    Check("equal answers in eval mode", check_determinism, ("answers",)),
)

__all__ = ["CHECKS", "Check"]
