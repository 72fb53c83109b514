"""The outermost layer: knows its host, sheds load, bounds time, closes what was refused unread, and counts."""

import asyncio
import json
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.digits.service.batching import Batcher
from apps.digits.service.refusals import RefusedError
from apps.digits.service.settings import Settings
from apps.digits.service.telemetry import Telemetry

_LINGER_SECONDS, _LINGER_BYTES = 1.0, 2**21
# With every answer, errors too: a browser takes nothing for what it is not, and loads nothing from elsewhere.
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Guard:
    """ASGI middleware around the whole application.

    Args:
        app: what it guards.
        settings: the bounds.
        telemetry: counts every reply.
        batcher: known to be full or not before a request is looked at.
        paths: that are counted under their own name.
    """

    def __init__(
        self, app: ASGIApp, *, settings: Settings, telemetry: Telemetry, batcher: Batcher, paths: frozenset[str]
    ) -> None:
        self._app = app
        self._settings = settings
        self._telemetry = telemetry
        self._batcher = batcher
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass the lifespan on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        exchange = Exchange(scope, receive, send, max_body=self._settings.max_body)
        try:
            async with asyncio.timeout(self._settings.answer_timeout):
                await self._answer(scope, exchange)
        except TimeoutError:
            late = RefusedError(503, "late", "The answer took too long; try again later.", retry_after=5)
            if exchange.status is None:
                await _refuse(late, exchange.send)
        self._count(scope["path"], exchange.status, time.perf_counter() - start)

    async def _answer(self, scope: Scope, exchange: "Exchange") -> None:
        access = self._settings.access
        try:
            access.check_host(scope["headers"])
            if scope["method"] == "POST":
                access.check_origin(scope["headers"])
                self._batcher.check_room()  # before the body is looked at: saying no must cost next to nothing
        except RefusedError as refusal:
            await _refuse(refusal, exchange.send)
            return
        await self._app(scope, exchange.receive, exchange.send)

    def _count(self, path: str, status: int | None, seconds: float) -> None:
        name = path if path in self._paths else "other"  # a label for every address asked for would fill the memory
        self._telemetry.requests.labels(name, str(status or 499)).inc()
        if name == "/predict" and status == 200:
            self._telemetry.seconds.observe(seconds)


class Exchange:
    """One request and its reply, watched from outside.

    A client that is refused in the middle of its body reads the reason only if the connection stays open a moment
    longer: closed at once, with unread data, it would be reset. So the rest is read and dropped, within bounds.

    Args:
        scope: of the request.
        receive: the server's.
        send: the server's.
        max_body: a longer body is cut off.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, max_body: int) -> None:
        self._receive, self._send = receive, send
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        self._endless = (length.isdigit() and int(length[:15]) > max_body) or b"transfer-encoding" in headers
        self._expects = b"expect" in headers  # such a client waits for leave to send its body
        self._cut = False
        self.status: int | None = None

    async def receive(self) -> Message:
        """Pass on a part of the body."""
        message = await self._receive()
        if not message.get("more_body", False):
            self._endless = False
        return message

    async def send(self, message: Message) -> None:
        """Pass on a part of the reply."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._cut = self._endless or self.status == 408
            closing = [(b"connection", b"close")] if self._cut else []
            message = {**message, "headers": [*message["headers"], *_HEADERS, *closing]}
        elif self._cut and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            if self.status != 408 and not self._expects:
                await self._drain()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def _drain(self) -> None:
        dropped = 0
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while dropped < _LINGER_BYTES:
                    message = await self._receive()
                    if not message.get("more_body", False):
                        return
                    dropped += len(message["body"])
        except TimeoutError:
            pass


async def _refuse(refusal: RefusedError, send: Send) -> None:
    """Refuse a request without the framework."""
    body = json.dumps(refusal.body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
