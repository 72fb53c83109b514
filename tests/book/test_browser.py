"""The server for the rendered pages is silent where a reader leaves early, and not where something is wrong."""

import socket
import struct
import time
from urllib.parse import urlsplit

from book.browser import Quiet, served


def leave_early(address):
    """Ask for a file, and close the connection before it has come."""
    with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port)) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
        reader.sendall(b"GET /large HTTP/1.0\r\n\r\n")
        reader.recv(1)
    time.sleep(0.3)


def test_a_reader_who_leaves_early_is_no_error(tmp_path, capsys):
    (tmp_path / "large").write_bytes(bytes(50_000_000))
    with served(tmp_path) as address:
        leave_early(address)
    assert capsys.readouterr().err == ""


def test_other_errors_are_told(tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise ValueError("not served")

    monkeypatch.setattr(Quiet, "do_GET", fail)
    (tmp_path / "large").touch()
    with served(tmp_path) as address:
        leave_early(address)
    assert "ValueError: not served" in capsys.readouterr().err
