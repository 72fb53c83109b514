"""Whatever comes in: a reason in JSON goes out, in time, and memory stays where it was."""

import json
import socket
import struct
import threading
import zlib
from contextlib import suppress

import httpx
import numpy as np
import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from wire import HEAD, closes_within, connect, eventually, head, png, processor_seconds, reply, resident

from apps.digits.launch import running
from apps.digits.load_generator import request_bytes
from apps.digits.service.server import BoundedConnection
from apps.digits.strokes import picture

MEGABYTE = 2**20
GOOD = json.dumps({"images": np.zeros((1, 28, 28)).tolist()}).encode()
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def service(model_folder):
    with running(model_folder, "--header-timeout", "1", "--body-timeout", "1", "--max-connections", "60") as service:
        httpx.post(f"{service.url}/predict", content=GOOD, headers=JSON)  # everything is loaded
        httpx.post(f"{service.url}/predict", files={"image": ("x.png", png(picture("1")))})
        yield service


@pytest.fixture(autouse=True)
def still_serves(service):
    yield
    with connect(service) as connection:
        connection.sendall(request_bytes("/predict", 1))
        assert reply(connection)[0] == 200


def bomb(side, *more, megabytes=64):
    """Return a small PNG that says it has side x side pixels, and inflates to many megabytes."""
    data = zlib.compress(bytes(megabytes * MEGABYTE), 9)
    start, end = (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)), (b"IEND", b"")
    parts = [start, *more, (b"IDAT", data), end]
    packed = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


UPLOADS = {
    "a bomb": (bomb(50_000), 422, "too_many_pixels"),
    "a bomb in its text": (bomb(28, (b"zTXt", b"a\0\0" + zlib.compress(bytes(64 * MEGABYTE), 9))), 422, "damaged"),
    "cut short": (png(picture("1"))[:200], 422, "damaged"),
    "no picture": (b"#!/bin/sh", 415, "no_picture"),
    "nothing": (b"", 415, "no_picture"),
    "two megabytes": (bytes(2 * MEGABYTE), 413, "too_large"),
}


@pytest.mark.parametrize("name", UPLOADS)
def test_uploads_are_refused(client, service, name):
    """Again and again, and memory stays where it was."""
    content, status, code = UPLOADS[name]
    before = resident(service.process)
    for _ in range(5):
        answer = client.post("/predict", files={"image": ("x.png", content)})
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert resident(service.process) - before < 20 * MEGABYTE


def test_a_picture_with_more_data_than_pixels_inflates_no_further(client, service):
    before = resident(service.process)
    answer = client.post("/predict", files={"image": ("x.png", bomb(28))})
    assert answer.status_code in (200, 422)
    assert resident(service.process) - before < 20 * MEGABYTE


BODIES = {
    "no body": (b"", JSON, 400),
    "no type": (GOOD, {"content-type": ""}, 415),
    "text": (GOOD, {"content-type": "text/plain"}, 415),
    "compressed": (zlib.compress(GOOD), {**JSON, "content-encoding": "gzip"}, 415),
    "too many images": (json.dumps({"images": np.zeros((33, 28, 28)).tolist()}).encode(), JSON, 422),
    "deep": (b"[" * 500_000, JSON, 422),
    "a form without an end": (b"--x\r\n", {"content-type": "multipart/form-data; boundary=x"}, 422),
    "a form without a boundary": (b"--x\r\n", {"content-type": "multipart/form-data"}, 400),
    "no form": (b"\x00\xff" * 50, {"content-type": "multipart/form-data; boundary=x"}, 400),
    "another field": (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--x--\r\n',
        {"content-type": "multipart/form-data; boundary=x"},
        422,
    ),
    "a thousand fields": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 1000 + b"--x--\r\n",
        {"content-type": "multipart/form-data; boundary=x"},
        400,
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_refused(client, name):
    content, headers, status = BODIES[name]
    answer = client.post("/predict", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error", "detail"}


def misfits(generator):
    """Return the text of one image of a wrong length, or with a value that is no number from 0 to 1."""
    if generator.random() < 0.5:
        rows, columns = generator.choice([0, 1, 27, 29, 56], 2)
        return json.dumps({"images": np.zeros((1, rows, columns)).tolist()}).encode()
    values = np.zeros((1, 28, 28))
    row, column = generator.integers(28, size=2)
    values[0, row, column] = generator.choice([np.nan, np.inf, -np.inf, -0.5, 1.5, 1e300])
    return json.dumps({"images": values.tolist()}).encode()


def test_hundreds_of_broken_bodies_break_nothing(client, service):
    """Good requests with bytes changed, cut, doubled; a fifth of wrong length or with NaN: no 500, no leak."""
    before = resident(service.process)
    generator = np.random.default_rng(0)
    pieces = [b"NaN", b"-Infinity", b"1e999", b"null", b"[", b"]]", b'"', b"{}", b",", b"\xff", b"\x00", b"true", b"2"]
    statuses = set()
    for number in range(300):
        if number % 5 == 0:
            answer = client.post("/predict", content=misfits(generator), headers=JSON)
            assert answer.status_code == 422, answer.text
            continue
        body = bytearray(GOOD)
        for _ in range(generator.integers(1, 4)):
            start, width = generator.integers(0, len(body)), generator.integers(0, 40)
            body[start : start + width] = pieces[generator.integers(len(pieces))]
        answer = client.post("/predict", content=bytes(body), headers=JSON)
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 400, 422), (answer.status_code, bytes(body))
        assert answer.json()
    assert {400, 422} <= statuses
    assert resident(service.process) - before < 20 * MEGABYTE


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_100_megabytes_are_cut_off(service, announced):
    """The reply comes while the client still sends, and memory grows by less than 20 MB."""
    before = resident(service.process)
    highest, sent = before, 0
    with connect(service) as connection:
        length = 100 * MEGABYTE
        connection.sendall(head(length) if announced else head(Transfer_Encoding="chunked"))
        part = bytes(256 * 1024)
        block = part if announced else f"{len(part):x}\r\n".encode() + part + b"\r\n"
        try:
            while sent < length:
                connection.sendall(block)
                sent += len(part)
                highest = max(highest, resident(service.process))
        except ConnectionError:
            pass
        status, _, answer = reply(connection)
    assert (status, answer["error"]) == (413, "too_large")
    assert sent < length / 2
    assert highest - before < 20 * MEGABYTE


def test_many_large_bodies_at_once_stay_bounded(service):
    before = resident(service.process)
    connections = [connect(service) for _ in range(8)]
    for connection in connections:
        connection.sendall(head(MEGABYTE) + b"[" * (MEGABYTE - 1))
    assert resident(service.process) - before < 40 * MEGABYTE
    for connection in connections:
        connection.sendall(b"[")
        assert reply(connection)[0] in (422, 408)  # too deep; or, on a busy machine, too slow
        connection.close()


def chunks(count):
    return head(Transfer_Encoding="chunked") + b"1\r\n[\r\n" * count


def test_a_body_has_a_bounded_number_of_chunks(service):
    """The work is by the chunk: 4096 are read to the end, one more is refused though the body is small."""
    for count, status, code in ((4095, 422, "too_deep"), (4096, 413, "too_many_chunks")):
        with connect(service) as connection:
            connection.sendall(chunks(count) + b"0\r\n\r\n")
            answered, _, answer = reply(connection)
        assert (answered, answer["error"]) == (status, code)


def test_megabytes_of_one_byte_chunks_cost_next_to_nothing(service):
    """Seconds of the processor, not of the clock: the parser in Python took eight."""
    before = processor_seconds(service.process)
    with connect(service) as connection, suppress(ConnectionError):
        connection.sendall(chunks(300_000))
        assert closes_within(connection, 30)
    assert processor_seconds(service.process) - before < 0.5


def test_the_parser_is_the_one_in_c():
    assert issubclass(BoundedConnection, HttpToolsProtocol)


SLOW = {
    "says nothing": b"",
    "never ends its head": HEAD.encode(),
    "never ends its body": head(1000) + b'{"images"',
    "never ends a chunk": head(Transfer_Encoding="chunked") + b"5\r\n{",
}


def test_slow_clients_are_cut_off(service):
    connections = {name: connect(service) for name in SLOW}
    for name, connection in connections.items():
        connection.sendall(SLOW[name])
    assert [name for name, connection in connections.items() if not closes_within(connection, 15)] == []
    for connection in connections.values():
        connection.close()


def test_a_second_head_must_arrive_in_time_too(service):
    with connect(service) as connection:
        connection.sendall(request_bytes("/predict", 1))
        assert reply(connection)[0] == 200
        connection.sendall(b"GET /")
        assert reply(connection)[0] == 408
        assert closes_within(connection, 15)


def test_a_trickle_is_no_excuse(service):
    """A byte now and then does not keep a connection open: the deadline is for the whole."""
    with connect(service) as head_only, connect(service) as body_only:
        head_only.sendall(b"GET / HTTP/1.1\r\nX: ")
        body_only.sendall(head(100_000))
        stop = threading.Event()

        def trickle():
            while not stop.wait(0.1):
                for connection in (head_only, body_only):
                    with suppress(OSError):
                        connection.send(b" ")

        thread = threading.Thread(target=trickle)
        thread.start()
        try:
            assert closes_within(head_only, 15)
            assert closes_within(body_only, 15)
        finally:
            stop.set()
            thread.join()


def test_answers_while_slow_clients_hang_on(client, service):
    held = [connect(service) for _ in range(40)]
    for connection in held:
        connection.sendall(head(1000) + b"{")
    for _ in range(5):
        assert client.post("/predict", content=GOOD, headers=JSON).status_code == 200
    for connection in held:
        assert closes_within(connection, 15)
        connection.close()


def test_connections_beyond_the_limit_are_told_so(service):
    held = [connect(service) for _ in range(60)]
    with connect(service) as late:
        status, headers, answer = reply(late)
    assert (status, answer["error"], headers["retry-after"]) == (503, "busy", "1")
    for connection in held:
        connection.close()
    assert eventually(lambda: reply_of_a_health_check(service) == 200)


def reply_of_a_health_check(service):
    with connect(service) as connection:
        try:
            connection.sendall(head(method="GET", path="/healthz"))
        except ConnectionError:
            return 0
        return reply(connection)[0]


GARBAGE = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 5 + b"\r\n\r\n",
    "a negative length": head(-1),
    "two lengths": head(5, content_length=6) + b"{}",
    "length and chunks": head(5, Transfer_Encoding="chunked") + b"0\r\n\r\n",
    "no chunk size": head(Transfer_Encoding="chunked") + b"zz\r\n",
    "a head of a megabyte": b"GET / HTTP/1.1\r\nX: " + b"a" * MEGABYTE + b"\r\n\r\n",
    "an endless length": head("9" * 400),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_refused(service, name):
    with connect(service) as connection:
        try:
            connection.sendall(GARBAGE[name])
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # it has been closed already
            pass
        status, _, _ = reply(connection)
        assert status in (0, 400, 413, 422, 431)
        assert closes_within(connection, 15)


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(client, service):
    for _ in range(30):
        with connect(service) as connection:
            connection.sendall(head(5000) + b'{"images": [')
        with connect(service) as connection:
            connection.sendall(request_bytes("/predict", 8))
    assert eventually(lambda: "service_waiting_requests 0.0" in client.get("/metrics").text)
