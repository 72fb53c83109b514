"""How many requests does the service hold? Ours beside a plain FastAPI app and LitServe, with the same model.

Every service runs as a process of its own and answers the same bytes; their answers are compared first. Eight
connections send from one more process, each its next request as soon as it has an answer. The services take turns, so
that a noisy moment hits all of them, and a figure is the median over the turns. Client and server share the machine's
cores: on two of them, the client takes its part of what is measured.

Run with ``make bench``.
"""

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import fastapi
import litserve
import numpy as np
import onnxruntime
import uvicorn
from pydantic import BaseModel
from report import write_report

from apps.digits.launch import running
from apps.digits.load_generator import Load, measure, request_bytes
from apps.digits.service.model import softmax
from helpers.deploy.session import open_session

TURNS, REQUESTS, CONNECTIONS = 7, 1500, 8
FIGURES = ("rate", "p50", "p95", "p99")


def serve_plainly(folder: Path, port: int) -> None:
    """As tutorials have it: a model of the body, and a function that FastAPI calls in a thread."""

    class Images(BaseModel):
        images: list[list[list[float]]]

    session = open_session((folder / "model.onnx").read_bytes())
    app = fastapi.FastAPI()

    @app.post("/predict")
    def predict(body: Images) -> dict[str, list[list[float]]]:
        (logits,) = session.run(None, {"images": np.array(body.images, dtype=np.float32)[:, None]})
        return {"probabilities": softmax(logits).tolist()}

    uvicorn.run(app, port=port, log_level="warning")


class Digits(litserve.LitAPI):
    """With LitServe's own batching. Its worker is a new process, which finds this class by its name."""

    def __init__(self, folder: Path) -> None:
        super().__init__(max_batch_size=32, batch_timeout=0.002)
        self.folder = folder

    def setup(self, _device):
        self.session = open_session((self.folder / "model.onnx").read_bytes())

    def decode_request(self, request):
        return np.array(request["images"], dtype=np.float32)

    def predict(self, x):  # (requests, 1, 28, 28), since each request here has one image
        (logits,) = self.session.run(None, {"images": x})
        return logits

    def encode_response(self, output):
        return {"probabilities": softmax(output[None]).tolist()}


def serve_with_litserve(folder: Path, port: int) -> None:
    """One worker and one thread for the model, as ours."""
    server = litserve.LitServer(Digits(folder), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")


PEERS = {"plain FastAPI": serve_plainly, "LitServe": serve_with_litserve}


@contextlib.contextmanager
def peer(name: str, folder: Path) -> Iterator[int]:
    """Run one of the peers as a process of its own; give its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, __file__, name, str(folder), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)  # LitServe's workers, too
        process.wait(60)


def answer(port: int) -> list[float]:
    """Ask for one prediction, as soon as the service answers."""
    body = request_bytes("/predict", 1).partition(b"\r\n\r\n")[2]
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/predict", body, {"Content-Type": "application/json"})
    for _ in range(600):
        with contextlib.suppress(OSError), urllib.request.urlopen(asked, timeout=10) as reply:
            found = json.load(reply)
            rows = found.get("probabilities") or [found["predictions"][0]["probabilities"]]
            return [round(value, 4) for value in rows[0]]
        time.sleep(0.1)
    raise RuntimeError(f"no answer on port {port}")


def compare(folder: Path) -> dict[str, list[Load]]:
    with contextlib.ExitStack() as stack:
        ports = {"apps.digits": stack.enter_context(running(folder)).port}
        ports |= {name: stack.enter_context(peer(name, folder)) for name in PEERS}
        answers = {name: answer(port) for name, port in ports.items()}
        assert len({tuple(values) for values in answers.values()}) == 1, answers
        loads: dict[str, list[Load]] = {name: [] for name in ports}
        for turn in range(TURNS + 1):
            for name, port in ports.items():
                load = measure(port, connections=CONNECTIONS, requests=REQUESTS)
                assert load.statuses == {"200": REQUESTS}, (name, load)
                if turn:  # the first one warms up
                    loads[name].append(load)
    return loads


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "apps.digits.train", "--model", folder]
        subprocess.run(command, check=True)
        loads = compare(Path(folder))
    rows: list[list[str | float]] = []
    for name, turns in loads.items():
        rows.append([name, *(statistics.median(getattr(load, figure) for load in turns) for figure in FIGURES)])
    columns = ["service", "requests a second", "p50 ms", "p95 ms", "p99 ms"]
    title = f"The service: one image a request, {CONNECTIONS} connections; client and server share the cores"
    write_report("service", title, columns, rows, peers=(fastapi, litserve, onnxruntime, uvicorn))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        PEERS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
