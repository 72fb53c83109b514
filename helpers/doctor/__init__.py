"""The doctor examines a training program and names its faults, each with the measurement that shows it."""

from helpers.doctor.causes import CAUSES
from helpers.doctor.examine import examine
from helpers.doctor.findings import Finding, Report
from helpers.doctor.program import ProgramError

__all__ = ["CAUSES", "Finding", "ProgramError", "Report", "examine"]
