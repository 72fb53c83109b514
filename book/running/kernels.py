"""What running a notebook asks of the machine, told in a sentence before a kernel is started in vain."""

import socket

# Whatever a notebook's own metadata name, as an editor on another machine left it there.
KERNEL = {"kernel_name": "python3", "language": "python"}
LOOPBACK = "127.0.0.1"


class NoLoopbackError(OSError):
    """Notebooks cannot talk to their kernels on this machine; its text is for the reader."""


def require_loopback() -> None:
    """Try the way on which a notebook talks to its kernel.

    Raises:
        NoLoopbackError: this machine does not reach itself.
    """
    try:
        with socket.create_server((LOOPBACK, 0)) as server, socket.create_connection(server.getsockname(), timeout=5):
            pass
    except OSError as error:
        raise NoLoopbackError(
            f"This machine does not reach itself at {LOOPBACK} ({error.strerror or error}), which is how a notebook "
            "talks to its kernel. Switch the loopback interface on: ip link set lo up"
        ) from error
