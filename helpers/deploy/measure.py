"""What a model costs to run: size, latency and memory, measured for every model in the same way, with one thread.

``measure`` starts a fresh Python process for each model, so that none profits from what another left behind. Run alone
with ``python -m helpers.deploy.measure MODEL.onnx``. Imports no torch.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers.deploy.session import open_session

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Latency:
    """How long one run takes, in milliseconds.

    Attributes:
        median: half of the runs are faster.
        p95: 95 % of the runs are faster.
    """

    median: float
    p95: float


@dataclass(frozen=True)
class Cost:
    """What a model costs.

    Attributes:
        size: of the file, in bytes.
        latency: batch size -> how long one run of a whole batch takes.
        peak: memory that loading and running it added at most, in MiB; NaN where the system does not say.
    """

    size: int
    latency: dict[int, Latency]
    peak: float


def measure(model: bytes, *, batches: Sequence[int] = (1, 64), seconds: float = 0.25) -> Cost:
    """Measure a model in a process of its own.

    Args:
        model: the ONNX file's content, with one float32 input (N, ...).
        batches: sizes N to time, each 1 or more.
        seconds: of timed runs for each size; at least 20 runs are timed, and a fifth as long are not, to warm up.

    Raises:
        RuntimeError: the process failed; carries what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        path.write_bytes(model)
        options = ["--seconds", str(seconds), "--batches", *map(str, batches)]
        command = [sys.executable, "-m", "helpers.deploy.measure", str(path), *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"measuring failed: {done.stderr.strip()}")
    found = json.loads(done.stdout)
    latency = {int(size): Latency(**times) for size, times in found["latency"].items()}
    return Cost(found["size"], latency, found["peak"])


def time_runs(function: Callable[[], object], *, seconds: float) -> Latency:
    """Call a function again and again, and return the median and the 95th percentile of its time.

    Args:
        function: what to time.
        seconds: to spend on timed calls, after a fifth of that untimed; at least 20 calls are timed.
    """
    until = time.perf_counter() + seconds / 5
    function()
    while time.perf_counter() < until:
        function()
    times: list[float] = []
    while len(times) < 20 or sum(times) < seconds:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    median, p95 = (1000 * float(np.quantile(times, share)) for share in (0.5, 0.95))
    return Latency(median, p95)


def peak_memory() -> float:
    """Return the most memory that this process has held so far, in MiB; NaN where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return _most_by_getrusage()
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else math.nan


def _most_by_getrusage() -> float:
    """Ask the way that macOS knows, which counts bytes. On Linux it would count the parent's memory, too."""
    try:
        import resource
    except ImportError:  # Windows
        return math.nan
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 2**20


def _measure_here(path: Path, batches: Sequence[int], *, seconds: float) -> dict[str, object]:
    before = peak_memory()
    model = path.read_bytes()
    session = open_session(model)
    (entry,) = session.get_inputs()
    generator, latency = np.random.default_rng(0), {}
    for size in batches:
        inputs = {entry.name: generator.random((size, *entry.shape[1:]), dtype=np.float32)}
        found = time_runs(lambda inputs=inputs: session.run(None, inputs), seconds=seconds)  # type: ignore[misc]
        latency[size] = {"median": found.median, "p95": found.p95}
    return {"size": len(model), "latency": latency, "peak": peak_memory() - before}


def main() -> None:
    """Measure as the command line says, and print what came out as JSON."""
    about = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m helpers.deploy.measure", description=about)
    parser.add_argument("model", type=Path, help="an ONNX file")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64], metavar="N", help="sizes to time (1 64)")
    parser.add_argument("--seconds", type=float, default=0.25, help="of timed runs for each size (%(default)s)")
    options = parser.parse_args()
    found = _measure_here(options.model, options.batches, seconds=options.seconds)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
