"""The checks of model, loss and data, in the order in which they run."""

from helpers.doctor.checks.check import Check
from helpers.doctor.checks.registration import check_registration

CHECKS = (Check("registered parameters", check_registration, ("loss",)),)

__all__ = ["CHECKS", "Check"]
