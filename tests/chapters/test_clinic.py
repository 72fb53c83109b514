"""Every fault that readers bring along has one executed case, under its id."""

import re

import pytest

from book import articles, notebooks


def ids(letter, count):
    return [f"{letter}{number}" for number in range(1, count + 1)]


CASES = {
    "concepts": ids("C", 14),
    "logistic-regression": ids("L", 7),
    "softmax-regression": ids("S", 8),
    "cnn": ids("N", 8),
    "rnn": ids("R", 6),
    "u-net": ids("U", 11),
    "tuning": ids("T", 7),
    "data-augmentation": ids("D", 5),
    "deployment": ids("P", 4),
}
IN_ORDER = [(slug, case) for slug, cases in CASES.items() if slug in notebooks.slugs() for case in cases]


def cases(slug):
    """Return (id, index of the heading's cell) of every case of a chapter's Clinic."""
    chapter = notebooks.read(notebooks.CHAPTERS / f"{slug}.ipynb")
    found = [
        (re.match(r"([A-Z]\d+) · \S", words), at) for at, level, words in notebooks.headings(chapter) if level == 3
    ]
    return chapter, [(match[1], at) for match, at in found if match]


@pytest.mark.parametrize(("slug_", "case"), IN_ORDER)
def test_has_exactly_one_heading(slug_, case):
    assert [id for id, _ in cases(slug_)[1]].count(case) == 1


def test_cases_are_numbered_in_order(slug):
    """A chapter may add cases of its own after the ones that it must have."""
    found = [id for id, _ in cases(slug)[1]]
    assert found == ids(found[0][0], len(found))


def test_every_case_runs_code_and_claims_something(slug):
    chapter, found = cases(slug)
    ends = [at for at, level, _ in notebooks.headings(chapter) if level <= 3]
    for id, start in found:
        end = next(at for at in ends if at > start)
        code = [cell.source for cell in chapter.cells[start:end] if cell.cell_type == "code"]
        assert 1 <= len(code) <= 2, f"{id} has {len(code)} code cells"
        assert any("expect(" in source for source in code), f"{id} expects nothing"


def test_every_case_of_an_article_exists_and_has_one_article():
    named = [case for article in articles.ARTICLES for case in article.cases]
    assert sorted(named) == sorted(case for cases in CASES.values() for case in cases)


def test_cases_of_no_article_are_listed_too():
    found = articles.with_rest(["C5", "C99"])
    assert [(article.name, article.cases) for article in found] == [
        ("How a model is built", ("C5",)),
        ("Beside them", ("C99",)),
    ]
