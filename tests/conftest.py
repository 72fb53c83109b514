import pytest
from hypothesis import settings

from book import notebooks
from book.notebooks import CHAPTERS, EXECUTED

# A busy machine is no failure: no test here says how long an example may take.
settings.register_profile("course", deadline=None)
settings.load_profile("course")


def pytest_generate_tests(metafunc):
    """Give a test that takes a ``slug`` every chapter there is."""
    if "slug" in metafunc.fixturenames:
        metafunc.parametrize("slug", notebooks.slugs())


@pytest.fixture
def chapter(slug):
    """The chapter as it stands in git."""
    return notebooks.read(CHAPTERS / f"{slug}.ipynb")


@pytest.fixture
def executed(slug):
    """The chapter as executed. `make test` always has it; a bare pytest may not."""
    path = EXECUTED / f"{slug}.ipynb"
    if not path.exists():
        pytest.skip(f"{slug} has not been executed: run make execute")
    return notebooks.read(path)
