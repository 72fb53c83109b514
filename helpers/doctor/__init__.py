"""The doctor examines a training program and names its faults, each with the measurement that shows it."""

from typing import Any

from helpers.doctor.assertion import assert_healthy
from helpers.doctor.causes import CAUSES
from helpers.doctor.examine import examine
from helpers.doctor.findings import Finding, Report
from helpers.doctor.magic import load_ipython_extension
from helpers.doctor.program import ProgramError
from helpers.doctor.watch import Watch, watch


def examine_lightning(module: Any, datamodule: Any, **more: Any) -> Report:
    """Examine a Lightning module with its data; see ``helpers.doctor.lightning``, which needs Lightning."""
    from helpers.doctor.lightning import examine_lightning as examine_it

    return examine_it(module, datamodule, **more)


def examine_trainer(trainer: Any, **more: Any) -> Report:
    """Examine a Hugging Face Trainer; see ``helpers.doctor.huggingface``, which needs transformers."""
    from helpers.doctor.huggingface import examine_trainer as examine_it

    return examine_it(trainer, **more)


__all__ = [
    "CAUSES",
    "Finding",
    "ProgramError",
    "Report",
    "Watch",
    "assert_healthy",
    "examine",
    "examine_lightning",
    "examine_trainer",
    "load_ipython_extension",
    "watch",
]
