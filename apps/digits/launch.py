"""Start the service as a process of its own, use it, stop it: for tests, benchmarks and notebooks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Service:
    """A service that runs.

    Attributes:
        url: its address, without a slash at the end.
        process: where it runs.
    """

    url: str
    process: "subprocess.Popen[str]"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])


@contextmanager
def running(folder: str | Path, *options: str) -> Iterator[Service]:
    """Start ``apps.digits.serve`` on a free port of 127.0.0.1, and stop it (SIGTERM) afterwards.

    Args:
        folder: the model folder.
        options: more words for its command line, such as "--max-waiting", "8".

    Raises:
        RuntimeError: it did not start; what it said is in the message.
    """
    command = [sys.executable, "-m", "apps.digits.serve", "--model", str(folder), "--port", "0", *options]
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env={**os.environ, "PYTHONPATH": path}
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        while line and " at http://" not in line:
            line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service did not start: {' '.join(command)} ended with {process.wait()}")
        yield Service(line.rpartition(" at ")[2].strip().rstrip("/"), process)
    finally:
        stop(process)


def stop(process: "subprocess.Popen[str]", *, seconds: float = 30) -> int:
    """Ask a process to stop, wait, and return its exit status; kill it if it does not stop in time."""
    process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    finally:
        if process.stdout is not None:
            process.stdout.close()
