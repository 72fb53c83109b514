import signal

import pytest
from tiny_sweep import Sweep

from apps.sweep import main


@pytest.fixture
def sweep(tmp_path):
    return Sweep(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A sweep with failing trials, whose result several tests look at."""
    sweep = Sweep(tmp_path_factory.mktemp("shared"))
    words = ["-p", "lr", "log", "1e-4", "1", "-p", "kind", "choice", "good", "bad", "--set", "hidden", "8"]
    sweep.words = [*words, "--maximize", "score", "--seed", "3"]
    sweep.done = sweep(*sweep.words, "--trials", 4, "--jobs", 2)
    return sweep


@pytest.fixture
def refused(monkeypatch, capsys):
    """Run a command that must be refused, in this process (which is quicker), and return what it says."""

    def run(sweep, *words):
        monkeypatch.chdir(sweep.folder)
        before = signal.getsignal(signal.SIGTERM)
        try:
            status = main(["tiny.ipynb", "--out", "out", *map(str, words)])
        finally:
            signal.signal(signal.SIGTERM, before)
        said = capsys.readouterr()
        assert (status, said.out) == (2, "")
        return said.err

    return run
