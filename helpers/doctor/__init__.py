"""The doctor examines a training program and names its faults, each with the measurement that shows it.

``examine`` takes the parts of a program; ``watch`` looks on while a loop of any form runs; ``examine_lightning`` and
``examine_trainer`` take what Lightning and Hugging Face train. ``%load_ext helpers.doctor`` brings the cell magic
``%%doctor``, and ``python -m helpers.doctor package.module:function`` examines from a terminal.

It compares a program with itself, and so cannot tell what depends on what was meant: a weight of a term that is kept
nowhere, a frequent class that is to count more by a factor of one's own, a batch that a list repeats on purpose, a mask
that is neither ones and zeros nor read, a reshape between axes of equal length, or a penalty that points the wrong way
and stays within bounds. Of numbers that a program keeps, only those named like a weight are tried, in its first steps:
one that is to count from a later epoch on looks unused.
"""

from helpers.doctor.assertion import assert_healthy
from helpers.doctor.causes import CAUSES
from helpers.doctor.examine import examine
from helpers.doctor.findings import Finding, Report
from helpers.doctor.frameworks.huggingface import examine_trainer
from helpers.doctor.frameworks.lightning import examine_lightning
from helpers.doctor.magic import load_ipython_extension
from helpers.doctor.probing.program import ProgramError
from helpers.doctor.watch import watch

__all__ = [
    "CAUSES",
    "Finding",
    "ProgramError",
    "Report",
    "assert_healthy",
    "examine",
    "examine_lightning",
    "examine_trainer",
    "load_ipython_extension",
    "watch",
]
