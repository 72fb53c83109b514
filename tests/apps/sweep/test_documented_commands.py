"""The sweeps that the pages show can be typed: the chapter has these parameters, and makes a claim of that name."""

import re

import papermill
import pytest

from apps.sweep import cli
from apps.sweep.metric import metric_value
from apps.sweep.notebook import claims
from book import notebooks
from book.notebooks import CHAPTERS, EXECUTED, ROOT

COMMAND = re.compile(r'apps\.sweep chapters/(\S+)\.ipynb(.*?)--m(?:ax|in)imize "([^"]+)"', re.DOTALL)


def documented():
    """Return every command of a sweep over a chapter: (where it stands, chapter, its options, the claim it names)."""
    pages = {"the command's own help": cli.EXAMPLE}
    for path in sorted(ROOT.glob("*.md")):
        pages[path.name] = path.read_text("utf-8")
    for path in sorted(CHAPTERS.glob("*.ipynb")):
        pages[path.name] = "\n".join(cell.source for cell in notebooks.read(path).cells)
    return [(page, *command) for page, text in pages.items() for command in COMMAND.findall(text)]


DOCUMENTED = documented()


def test_the_readme_the_help_and_the_chapter_show_one():
    assert {page for page, *_ in DOCUMENTED} >= {"README.md", "the command's own help", "search.ipynb"}


@pytest.mark.parametrize(("chapter", "claim"), sorted({(chapter, claim) for _, chapter, _, claim in DOCUMENTED}))
def test_the_chapter_makes_the_claim(chapter, claim):
    executed = notebooks.read(EXECUTED / f"{chapter}.ipynb")
    assert 0 < metric_value(claim, claims(executed)) < 1


@pytest.mark.parametrize(("chapter", "options"), sorted({(chapter, options) for _, chapter, options, _ in DOCUMENTED}))
def test_the_chapter_has_the_parameters(chapter, options):
    named = set(re.findall(r"(?:-p|--set) (\w+)", options))
    assert named
    assert named <= set(papermill.inspect_notebook(str(CHAPTERS / f"{chapter}.ipynb")))
