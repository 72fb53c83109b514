import pytest

from tests.chapters import own_program


@pytest.fixture(scope="module")
def program(file):
    """The program that a module's own fixture ``file`` has written, loaded, so that its functions can be called."""
    return own_program.load(file)
