"""Every fault that readers bring along has one executed case, under its id."""

import re

import pytest

from book import notebooks
from book.pages import articles


def ids(letter, count):
    return [f"{letter}{number}" for number in range(1, count + 1)]


# By topic, whichever chapter runs them: tensors and concepts, logistic and softmax regression, convolutional and
# recurrent networks, U-Net, tuning, data augmentation, deployment, attention, representations,
# models that generate, reinforcement learning, debugging, scaling.
CASES = {
    "C": 14,
    "L": 7,
    "S": 8,
    "N": 8,
    "R": 6,
    "U": 11,
    "T": 7,
    "D": 5,
    "P": 4,
    "A": 3,
    "E": 4,
    "G": 4,
    "Q": 3,
    "B": 3,
    "X": 3,
}
REQUIRED = [case for letter, count in CASES.items() for case in ids(letter, count)]


def cases(slug):
    """Return (id, index of the heading's cell) of every case of a chapter's Clinic."""
    chapter = notebooks.read(notebooks.CHAPTERS / f"{slug}.ipynb")
    found = [
        (re.match(r"([A-Z]\d+) · \S", words), at) for at, level, words in notebooks.headings(chapter) if level == 3
    ]
    return chapter, [(match[1], at) for match, at in found if match]


@pytest.fixture(scope="module")
def all_cases():
    return [case for slug in notebooks.slugs() for case, _ in cases(slug)[1]]


@pytest.mark.parametrize("case", REQUIRED)
def test_has_exactly_one_heading_in_the_course(all_cases, case):
    assert all_cases.count(case) == 1


def test_cases_are_numbered_without_gaps(all_cases):
    """Chapters may add cases of their own after those that the course must have."""
    assert len(set(all_cases)) == len(all_cases)
    for letter in {case[0] for case in all_cases}:
        found = {case for case in all_cases if case.startswith(letter)}
        assert found == set(ids(letter, len(found)))


def test_cases_of_a_chapter_are_in_order(slug):
    numbers = [(case[0], int(case[1:])) for case, _ in cases(slug)[1]]
    assert numbers == sorted(numbers)
    assert len({letter for letter, _ in numbers}) <= 1


def test_every_case_runs_code_and_claims_something(slug):
    chapter, found = cases(slug)
    ends = [at for at, level, _ in notebooks.headings(chapter) if level <= 3]
    for id, start in found:
        end = next(at for at in ends if at > start)
        code = [cell.source for cell in chapter.cells[start:end] if cell.cell_type == "code"]
        assert code, f"{id} runs nothing"
        assert any("expect(" in source for source in code), f"{id} expects nothing"


def test_every_case_of_an_article_exists_and_has_one_article():
    named = [case for article in articles.ARTICLES for case in article.cases]
    assert sorted(named) == sorted(REQUIRED)


def test_cases_of_no_article_are_listed_too():
    found = articles.with_rest(["C5", "C99"])
    assert [(article.name, article.cases) for article in found] == [
        ("How a model is built", ("C5",)),
        ("Beside them", ("C99",)),
    ]
