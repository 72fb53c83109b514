"""Right programs: no fault is named, and all that an examination touched is as it was, bit by bit."""

import re

import pytest

from helpers.doctor import examine
from tests.helpers.doctor.counted import assert_few, counted_steps
from tests.helpers.doctor.programs import RIGHT
from tests.helpers.doctor.state import assert_same, state_of

MAY_BE_SUSPECTED = 0.05  # share of the right programs that a suspicion may fall on


@pytest.fixture(scope="module")
def reports():
    """What was found so far, by the name of the program."""
    return {}


@pytest.fixture(scope="module")
def taken():
    """How many steps were taken so far, by the name of the program."""
    return {}


@pytest.mark.parametrize("program", RIGHT, ids=lambda program: program.name)
def test_right_program_has_no_fault_and_is_put_back(program, reports, taken):
    given = program.make()
    before = state_of(given)
    with counted_steps(given) as steps:
        report = examine(**given)
    assert_same(before, state_of(given))
    reports[program.name], taken[program.name] = report, max(steps.values(), default=0)
    assert report.healthy, str(report)
    assert not any("does not require grad" in sentence for sentence in report.left_out)


def test_every_chapter_has_a_training_here(slug):
    told = [program.make.__doc__ for program in RIGHT if program.kind == "course"]
    assert any(re.search(rf"chapter {slug}\b", words) for words in told)


def test_few_right_programs_are_suspected(reports):
    suspected = {
        name: [finding.cause for finding in report if finding.grade == "suspicion"]
        for name, report in reports.items()
        if any(finding.grade == "suspicion" for finding in report)
    }
    assert len(suspected) <= MAY_BE_SUSPECTED * len(RIGHT), suspected


def test_an_examination_takes_few_steps(taken):
    assert_few(taken)
