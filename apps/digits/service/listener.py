"""The socket that the service listens on."""

import errno
import socket

_HOSTS = "127.0.0.1 serves this machine alone, 0.0.0.0 all of its addresses"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address of this machine.

    Args:
        host: an IPv4 or IPv6 address, or a name; of a name's addresses, IPv4 comes first.
        port: 0 takes any that is free.

    Raises:
        OSError: says which of the two to change.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OSError(f"--host {host!r} is no address, and no name that is known here: {_HOSTS}") from error
    family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    try:
        listener = socket.socket(family, kind, protocol)  # with the protocol named, or asyncio leaves Nagle on
    except OSError as error:
        raise OSError(_explained(error, host, port)) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise OSError(_explained(error, host, port)) from error
    return listener


def _explained(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken; choose another --port, or 0 for any that is free"
    if error.errno == errno.EACCES:
        return f"port {port} needs an administrator's rights; choose a --port of 1024 or more"
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return f"--host {host} is not an address of this machine: {_HOSTS}"
    return f"cannot listen on {host}, port {port}: {error.strerror}"
