"""The server around the application: bounded connections, deadlines for slow clients, a clean stop."""

import asyncio
import json
import socket
from http import HTTPStatus
from typing import Any

import httptools
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from apps.digits.service.middleware import HEADERS
from apps.digits.service.settings import Settings

_SPARE = 2**16  # bytes of a head, and of what a client had sent when it was refused


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's connection, with an end to its patience: a head must arrive whole, soon, and be of a sane size.

    uvicorn closes a connection that is idle after a reply; one that never finishes its first line stays open. This
    one closes it. The parser is httptools, in C: uvicorn's other one, in Python, stops the whole service for a second
    over a quarter of a megabyte in chunks of a byte. `settings` is set on a class made for each server.
    """

    settings = Settings()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and start its clock."""
        super().connection_made(transport)
        self._unused = 0  # bytes that belong to no request in progress
        self._deadline: asyncio.TimerHandle | None = None
        if len(self.connections) > self.settings.max_connections:
            self._refuse(503, "busy", "Too many connections are open; try again in a second.")
        else:
            self._start_clock()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a request in progress has deadlines of its own, in the application."""
        if self.transport.is_closing():
            return
        if not self._in_progress():
            self._unused += len(data)
        super().data_received(data)
        if self._in_progress():
            self._unused = 0
            self._stop_clock()
        elif self._unused > self.settings.max_body + _SPARE:
            self.transport.abort()
        elif self._deadline is None:
            self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._head = self._chunks = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a line of the head in; raising makes the parser give up, and the reply a 400."""
        self._head += len(name) + len(value)
        if self._head > _SPARE:
            raise httptools.HttpParserError("the head is too long")
        super().on_header(name, value)

    def on_chunk_header(self) -> None:
        """Count the chunks of a body; the parser calls this by its name."""
        self._chunks += 1
        if self._chunks > self.settings.max_chunks:
            self._refuse(413, "too_many_chunks", f"A body may have {self.settings.max_chunks} chunks at most.")
            raise httptools.HttpParserError("too many chunks")

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(400, "no_http", msg)

    def _in_progress(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _start_clock(self) -> None:
        self._deadline = self.loop.call_later(self.settings.header_timeout, self._too_late)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if not self.transport.is_closing() and not self._in_progress():
            if self._unused:
                self._refuse(408, "slow", "The request's head did not arrive in time.")
            else:
                self.transport.close()

    def _refuse(self, status: int, code: str, detail: str) -> None:
        if self.transport.is_closing():  # it has been refused for a better reason
            return
        body = json.dumps({"error": code, "detail": detail}).encode()
        headers = {**HEADERS, "content-type": "application/json", "content-length": len(body), "connection": "close"}
        if status == 503:
            headers["retry-after"] = 1
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {headers[name]}" for name in headers)]
        self.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        self.transport.close()


class Server(uvicorn.Server):
    """A uvicorn server that says when it is ready.

    Args:
        config: uvicorn's.
        ready: what to say.
    """

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        print(self._ready, flush=True)


def make_server(app: ASGIApp, settings: Settings, *, ready: str) -> Server:
    """Return a server for an application; ``run(sockets=[...])`` serves until SIGTERM or SIGINT.

    It then takes no new connections, finishes the requests in flight and returns.
    """
    protocol: Any = type("Connection", (BoundedConnection,), {"settings": settings})
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=round(settings.answer_timeout) + 1,
    )
    return Server(config, ready)
