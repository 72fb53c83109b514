import signal
import tempfile
import uuid
from pathlib import Path

import pytest
from postgres import Server, binaries
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


@pytest.fixture(scope="session")
def server():
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt install postgresql)")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to the user postgres
        server = Server(Path(folder))
        yield server
        server.control("stop")


@pytest.fixture
def database(server):
    """The URL of a new database."""
    name = f"db{uuid.uuid4().hex[:12]}"
    server.create_database(name)
    return server.url(name)


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
