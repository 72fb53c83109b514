"""The checks of what a training step does, in the order in which they run."""

from helpers.doctor.checks.check import Check

CHECKS: tuple[Check, ...] = ()

__all__ = ["CHECKS"]
