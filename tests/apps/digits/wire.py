"""Requests byte by byte, for what a well-behaved client library would not send."""

import json
import os
import socket
import time
from io import BytesIO
from pathlib import Path

HEAD = "POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def connect(service, *, timeout=30):
    return socket.create_connection(("127.0.0.1", service.port), timeout=timeout)


def head(length=None, *, path="/predict", method="POST", media="application/json", **more):
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {media}"]
    lines += [] if length is None else [f"Content-Length: {length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def reply(connection):
    """Read one reply; returns its status, its headers and its JSON. (0, {}, None) if there is none."""
    received = b""
    while b"\r\n\r\n" not in received:
        try:
            part = connection.recv(65536)
        except ConnectionError:
            part = b""
        if not part:
            return 0, {}, None
        received += part
    start, _, body = received.partition(b"\r\n\r\n")
    lines = start.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return int(lines[0].split()[1]), headers, json.loads(body) if "json" in headers.get("content-type", "") else None


def closes_within(connection, seconds):
    """Whether the other side closes the connection in time, whatever it says before."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def resident(process):
    """Return the memory that a process holds, in bytes."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096


def processor_seconds(process):
    """Return how long a process has kept a processor busy."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def eventually(condition, *, seconds=20):
    """Wait until something holds; returns whether it did."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def png(image):
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
