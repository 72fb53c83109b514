"""The causes that the doctor knows, by id, and how a finding is made from one."""

from collections.abc import Iterable

from helpers.doctor.causes.cause import Cause
from helpers.doctor.causes.of_data import DATA_CAUSES
from helpers.doctor.causes.of_evaluations import EVALUATION_CAUSES
from helpers.doctor.causes.of_losses import LOSS_CAUSES
from helpers.doctor.causes.of_models import MODEL_CAUSES
from helpers.doctor.causes.of_rates import RATE_CAUSES
from helpers.doctor.causes.of_steps import STEP_CAUSES
from helpers.doctor.causes.of_weights import WEIGHT_CAUSES
from helpers.doctor.findings import GRADES, Finding, Report

ROOMS = (DATA_CAUSES, STEP_CAUSES, RATE_CAUSES, EVALUATION_CAUSES, LOSS_CAUSES, MODEL_CAUSES, WEIGHT_CAUSES)
CAUSES = {cause.id: cause for room in ROOMS for cause in room}
ORDER = {cause: place for place, cause in enumerate(CAUSES)}


def found(cause: str, seen: str, grade: str = "fault", mend: str = "") -> Finding:
    """Make a finding of a cause: ``seen`` is one sentence with figures, the other texts are the cause's own.

    Only ``mend`` may be another one, where the figures say more exactly what to write.
    """
    known = CAUSES[cause]
    return Finding(cause, grade, seen, known.why, mend or known.mend, known.chapter)


def rank(cause: str) -> int:
    """Place of a cause in the order of its room: causes stand before what may follow from them."""
    return ORDER[cause]


def without_symptoms(findings: Iterable[Finding]) -> list[Finding]:
    """Keep one finding for each cause, the gravest, and drop those that follow from another one."""
    gravest: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda one: GRADES.index(one.grade)):
        gravest.setdefault(finding.cause, finding)
    hidden = {
        symptom
        for finding in gravest.values()
        for symptom in CAUSES[finding.cause].hides
        if finding.grade != "note" or gravest.get(symptom, finding).grade == "note"
    }
    return [finding for cause, finding in gravest.items() if cause not in hidden]


def report(findings: Iterable[Finding], left_out: Iterable[str], expected: tuple[str, ...]) -> Report:
    """Return a report without what is expected, and without what only follows from another finding."""
    kept = [finding for finding in findings if finding.cause not in expected]
    return Report.of(without_symptoms(kept), left_out, rank)


__all__ = ["CAUSES", "Cause", "found", "rank", "report", "without_symptoms"]
