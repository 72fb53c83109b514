"""A test for a reader's own test suite."""

from typing import Any

from helpers.doctor.examine import examine
from helpers.doctor.findings import GRADES, Report


def assert_healthy(*program: Any, worst: str = "suspicion", **more: Any) -> Report:
    """Examine a program as ``examine`` does, and fail if there is a finding graver than ``worst``.

    Args:
        program: what ``examine`` takes by position: model, loss_fn, batches, optimizer.
        worst: the gravest grade that passes: "suspicion" lets only faults fail, "note" suspicions too.
        more: what else ``examine`` takes, such as valid, train_step or expected.

    Raises:
        AssertionError: with the report as its text.
        ProgramError: the program cannot be examined, or these are not the arguments of ``examine``.
    """
    if worst not in GRADES:
        raise ValueError(f"worst must be one of {', '.join(GRADES)}, got {worst!r}")
    report = examine(*program, **more)
    grave = [finding for finding in report if GRADES.index(finding.grade) < GRADES.index(worst)]
    if grave:
        raise AssertionError("\n".join(["the doctor found:", *map(str, grave)]))
    return report
