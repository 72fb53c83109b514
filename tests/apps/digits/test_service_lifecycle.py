"""Start, stop, kill, start again."""

import signal
import socket
import sys

import httpx
import numpy as np
import pytest
from wire import connect, eventually, head, reply

from apps.digits import serve
from apps.digits import train as training
from apps.digits.launch import running
from apps.digits.load_generator import request_bytes

ZEROS = {"images": np.zeros((1, 28, 28)).tolist()}


def test_finishes_what_is_in_flight(model_folder):
    """A request whose body is still coming when the signal comes is answered; new connections are not taken."""
    whole = request_bytes("/predict", 4)
    with running(model_folder) as service:
        with connect(service) as idle, connect(service) as busy:
            busy.sendall(whole[:-100])
            httpx.get(f"{service.url}/healthz")  # the loop has come round: the request is in flight
            service.process.terminate()
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


def test_starts_again_after_a_kill_on_the_same_port_and_stops_at_ctrl_c(model_folder):
    with running(model_folder) as service:
        port = service.port
        with connect(service) as connection:
            connection.sendall(head(1000) + b"{")
            service.process.kill()
            service.process.wait()
    with running(model_folder, "--port", str(port)) as service:
        assert service.port == port
        assert httpx.post(f"{service.url}/predict", json=ZEROS, timeout=30).status_code == 200
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(30) == 0


def complaint(*words):
    """Return what the service says if it ends, in this process, before it serves."""
    with pytest.raises(SystemExit) as ended:
        serve.main(list(words))
    return ended.value.code


def test_a_taken_port_is_named(model_folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = complaint("--model", str(model_folder), "--port", str(taken.getsockname()[1]))
    assert "choose another --port" in said


HOSTS = {
    "no such name": ("nosuch.invalid", "no name that is known here"),
    "brackets around nothing": ("[]", "no name that is known here"),
    "another machine's address": ("203.0.113.9", "not an address of this machine"),
    "another machine's address, IPv6": ("[2001:db8::1]", "not an address of this machine"),
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_that_cannot_be_served_is_told_apart_from_a_port(model_folder, name):
    host, sentence = HOSTS[name]
    said = complaint("--model", str(model_folder), "--host", host, "--port", "0")
    assert sentence in said
    assert "--port" not in said


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_none_can_be_is_refused(port, capsys):
    assert complaint("--port", port) == 2
    assert "--port" in capsys.readouterr().err


def test_serves_on_ipv6_and_under_a_further_name(model_folder):
    """The address may stand in brackets, as in a URL."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with running(model_folder, "--host", "[::1]", "--allow-host", "Digits.example") as service:
        assert service.url == f"http://[::1]:{service.port}"
        with httpx.Client(base_url=service.url, timeout=30) as client:
            assert client.post("/predict", json=ZEROS).status_code == 200
            assert client.get("/healthz", headers={"Host": "digits.example"}).status_code == 200
            assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 421


def no_training(*_, **__):
    pytest.fail("it trains")


@pytest.fixture
def no_folder(tmp_path):
    """A path where no folder can be made: a file stands in its way, for an administrator, too."""
    (tmp_path / "file").write_text("")
    return str(tmp_path / "file" / "model")


def test_serve_notices_before_it_trains_that_no_model_can_be_written(no_folder, monkeypatch):
    monkeypatch.setattr(serve.subprocess, "run", no_training)
    said = complaint("--model", no_folder, "--train-if-missing", "--port", "0")
    assert "no model can be written" in said
    assert "--model" in said


def test_train_notices_before_it_trains_that_no_model_can_be_written(no_folder, monkeypatch):
    monkeypatch.setattr(training, "train_digits", no_training)
    monkeypatch.setattr(sys, "argv", ["train", "--model", no_folder])
    with pytest.raises(SystemExit, match="no model can be written"):
        training.main()


def test_a_service_that_does_not_start_says_so(tmp_path):
    with pytest.raises(RuntimeError, match="did not start"), running(tmp_path):
        pass
