"""Load a service from a process of its own, and say how it held: ``python -m apps.digits.load_generator --port 8000``.

Each of N connections sends a request, waits for the reply, and sends the next at once (a closed loop). Imports no
torch.
"""

import argparse
import asyncio
import json
import math
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Load:
    """How a service held.

    Attributes:
        seconds: how long it was loaded.
        statuses: HTTP status -> number of replies.
        rate: answers (status 200) a second.
        mean: milliseconds that an answer took on average.
        p50: milliseconds within which half of the answers came.
        p95: the same for 95 % of them.
        p99: the same for 99 % of them.
        broken: connections that ended without a reply.
    """

    seconds: float
    statuses: dict[str, int]
    rate: float
    mean: float
    p50: float
    p95: float
    p99: float
    broken: int


def measure(
    port: int,
    *,
    connections: int = 8,
    requests: int = 1000,
    images: int = 1,
    path: str = "/predict",
    pause: float = 0.0,
) -> Load:
    """Load a service on 127.0.0.1 from another process.

    Args:
        port: of the service.
        connections: that send at the same time.
        requests: in all.
        images: in each request, of 28x28 values.
        path: where to.
        pause: seconds that a connection waits after a 503 before it asks again.
    """
    words: dict[str, object] = {"port": port, "connections": connections, "requests": requests, "images": images}
    words |= {"path": path, "pause": pause}
    options = [part for name, value in words.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "apps.digits.load_generator", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    return Load(**json.loads(done.stdout))


class _Client(asyncio.Protocol):
    """One connection: sends, waits for the whole reply, notes status and time, and sends again."""

    def __init__(self, message: bytes, budget: list[int], seen: list[tuple[int, float]], pause: float) -> None:
        self._message, self._budget, self._seen, self._pause = message, budget, seen, pause
        self._received = b""
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
            return
        self._received = b""
        status = int(head[9:12])
        self._seen.append((status, time.perf_counter() - self._sent))
        if status == 503 and self._pause:
            asyncio.get_running_loop().call_later(self._pause, self._next)
        else:
            self._next()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(False)

    def _next(self) -> None:
        if self.done.done():  # the connection broke while it paused
            return
        if not self._budget[0]:
            self.done.set_result(True)
            self._transport.close()
            return
        self._budget[0] -= 1
        self._sent = time.perf_counter()
        self._transport.write(self._message)


def request_bytes(path: str, images: int) -> bytes:
    """Return a whole HTTP request that predicts some made-up images."""
    image = [[round((row * column) % 17 / 16, 4) for column in range(28)] for row in range(28)]
    body = json.dumps({"images": [image] * images}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def _run(port: int, connections: int, requests: int, message: bytes, pause: float) -> Load:
    loop = asyncio.get_running_loop()
    budget, seen = [requests], list[tuple[int, float]]()
    start = time.perf_counter()
    clients = [
        (await loop.create_connection(lambda: _Client(message, budget, seen, pause), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    finished = await asyncio.gather(*(client.done for client in clients))
    seconds = time.perf_counter() - start
    times = sorted(1000 * taken for status, taken in seen if status == 200)

    def quantile(share: float) -> float:
        return times[min(len(times) - 1, math.ceil(share * len(times)) - 1)] if times else math.nan

    statuses = {str(status): count for status, count in Counter(status for status, _ in seen).items()}
    rate, broken = len(times) / seconds, finished.count(False)
    mean = sum(times) / len(times) if times else math.nan
    return Load(seconds, statuses, rate, mean, quantile(0.5), quantile(0.95), quantile(0.99), broken)


def main() -> None:
    """Load as the command line says, and print what came out as JSON."""
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m apps.digits.load_generator", description=description)
    parser.add_argument("--port", type=int, default=8000, help="of the service on 127.0.0.1 (%(default)s)")
    parser.add_argument("--connections", type=int, default=8, help="that send at the same time (%(default)s)")
    parser.add_argument("--requests", type=int, default=1000, help="in all (%(default)s)")
    parser.add_argument("--images", type=int, default=1, help="in each request (%(default)s)")
    parser.add_argument("--path", default="/predict", help="where to (%(default)s)")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds to wait after a 503 (%(default)s)")
    options = parser.parse_args()
    message = request_bytes(options.path, options.images)
    run = _run(options.port, options.connections, options.requests, message, options.pause)
    print(json.dumps(asdict(asyncio.run(run))))


if __name__ == "__main__":
    main()
