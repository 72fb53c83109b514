"""Starts the Chromium that a machine has, if it has one, for looking at the pages and for printing them."""

import functools
import http.server
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launched(driver):
    """Return a browser without a window, started by a Playwright driver."""
    if PROGRAM is None:
        raise RuntimeError("Chromium was not found. Install it, for example: apt install chromium")
    return driver.chromium.launch(executable_path=PROGRAM, headless=True, args=FLAGS)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Does not mind a browser that leaves a page before all of it has come."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Tell of what went wrong, but for connections that the other side closed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine as long as the block runs, and give its address."""
    server = Server(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
