"""Serve a model folder over HTTP, with a page to draw digits on. Imports no torch.

Run with ``python -m apps.digits.serve --model FOLDER``; ``--train-if-missing`` makes the folder first.
"""

import argparse
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from apps.digits.model_folder import CARD, DEFAULT, ModelFolderError, check_writable
from apps.digits.service.access import Access
from apps.digits.service.app import create_app
from apps.digits.service.listener import listen
from apps.digits.service.model import Model
from apps.digits.service.server import make_server
from apps.digits.service.settings import Settings

_HELP = {
    "batch_size": "images that the model sees at once, at most",
    "batch_wait": "seconds that a batch waits for requests that are on their way",
    "max_waiting": "requests that may wait for an answer; more are shed with 503",
    "max_connections": "connections open at once",
    "header_timeout": "seconds for a request's head to arrive",
    "body_timeout": "seconds for a request's body to arrive",
    "threads": "that one run of the model may use",
}


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish what is in flight."""
    options = _parser().parse_args(arguments)
    try:
        listener = listen(options.host, options.port)  # first: whoever has waited for a training has a port, too
        if options.train_if_missing and not (options.model / CARD).exists():
            _train(options.model)
        access = Access(options.host, tuple(options.allow_host))
        settings = Settings(access=access, **{name: getattr(options, name) for name in _HELP})
        model = Model(options.model, threads=settings.threads)
    except (ModelFolderError, OSError) as error:
        sys.exit(f"error: {error}")
    host = f"[{options.host}]" if ":" in options.host else options.host
    address = f"http://{host}:{listener.getsockname()[1]}/"
    server = make_server(create_app(model, settings), settings, ready=f"Serving {model.card.name} at {address}")
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises the signal again once it has stopped
        signal.signal(number, lambda *_: None)
    server.run(sockets=[listener])
    print("Stopped.", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m apps.digits.serve", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", type=Path, default=DEFAULT, metavar="FOLDER", help="what to serve (%(default)s)")
    parser.add_argument("--train-if-missing", action="store_true", help="train and export a model if there is none")
    parser.add_argument("--host", type=_host, default="127.0.0.1", help="address to listen on (%(default)s)")
    port = _number(int, 0, 65535, "a port from 0 to 65535")
    parser.add_argument("--port", type=port, default=8000, help="0 takes any that is free (%(default)s)")
    parser.add_argument(
        "--allow-host",
        action="append",
        type=str.lower,
        default=[],
        metavar="NAME",
        help="a further name to answer under",
    )
    count = _number(int, 1, math.inf, "a whole number from 1")
    seconds = _number(float, 0, 3600, "seconds from 0 to 3600")
    defaults = {field.name: field.default for field in fields(Settings)}
    for name, text in _HELP.items():
        default = defaults[name]
        kind = count if isinstance(default, int) else seconds
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=kind, default=default, metavar="N", help=f"{text} (%(default)s)"
        )
    return parser


def _host(text: str) -> str:
    """Return an address as sockets take it: in brackets, IPv6 stands in URLs alone."""
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def _number(kind: type[int] | type[float], least: int, most: float, wanted: str) -> Callable[[str], float]:
    """Return what reads a number of this kind from the command line, or says what was expected."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected {wanted}, got {text!r}")
        return value

    return read


def _train(folder: Path) -> None:
    """Train in a process of its own, so that this one stays without torch."""
    check_writable(folder)
    command = [sys.executable, "-m", "apps.digits.train", "--model", str(folder)]
    if subprocess.run(command, check=False).returncode:
        raise ModelFolderError(f"training failed: {' '.join(command)}")


if __name__ == "__main__":
    main()
