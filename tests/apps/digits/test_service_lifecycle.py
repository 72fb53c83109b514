"""Start, stop, kill, start again."""

import signal
import socket
import subprocess
import sys

import httpx
import numpy as np
import pytest
from wire import connect, eventually, head, reply

from apps.digits.launch import running
from apps.digits.load_generator import request_bytes
from book.notebooks import ROOT

ZEROS = {"images": np.zeros((1, 28, 28)).tolist()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_finishes_what_is_in_flight(model_folder, number):
    """A request whose body is still coming when the signal comes is answered; new connections are not taken."""
    whole = request_bytes("/predict", 4)
    with running(model_folder) as service:
        with connect(service) as idle, connect(service) as busy:
            busy.sendall(whole[:-100])
            httpx.get(f"{service.url}/healthz")  # the loop has come round: the request is in flight
            service.process.send_signal(number)
            assert eventually(lambda: not accepts(service.port))
            assert service.process.poll() is None
            busy.sendall(whole[-100:])
            status, _, answer = reply(busy)
            assert status == 200
            assert len(answer["predictions"]) == 4
            assert idle.recv(1) == b""
        assert service.process.wait(30) == 0


def accepts(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_a_slow_client_does_not_hold_the_stop_up(model_folder):
    with running(model_folder, "--body-timeout", "1") as service, connect(service) as slow:
        slow.sendall(head(100_000) + b"{")
        httpx.get(f"{service.url}/healthz")
        service.process.terminate()
        assert reply(slow)[0] == 408
        assert service.process.wait(30) == 0


def test_starts_again_after_a_kill_on_the_same_port(model_folder):
    with running(model_folder) as service:
        port = service.port
        with connect(service) as connection:
            connection.sendall(head(1000) + b"{")
            service.process.kill()
            service.process.wait()
    with running(model_folder, "--port", str(port)) as service:
        assert service.port == port
        assert httpx.post(f"{service.url}/predict", json=ZEROS, timeout=30).status_code == 200


def test_a_taken_port_is_named(model_folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words = ["--model", str(model_folder), "--port", str(taken.getsockname()[1])]
        command = [sys.executable, "-m", "apps.digits.serve", *words]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert "choose another --port" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_service_that_does_not_start_says_so(tmp_path):
    with pytest.raises(RuntimeError, match="did not start"), running(tmp_path):
        pass
