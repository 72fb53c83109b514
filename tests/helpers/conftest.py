from helpers import runtime


def pytest_runtest_setup():
    """Draw the same numbers in every run, in whatever order: a test that fails by chance would say nothing."""
    runtime.seed_everything(0)
