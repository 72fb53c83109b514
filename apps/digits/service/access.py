"""Who is answered: requests that name this service as their host, and that no page of another site has sent.

Without this, a web site could read the service of a visitor's own machine by giving its name that machine's address
(DNS rebinding), and could post to it from its pages (cross-site request forgery).
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from apps.digits.service.refusals import RefusedError

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Access:
    """Under which names the service is asked.

    Attributes:
        host: the address or the name that it listens on.
        allowed_hosts: further names, such as that of a proxy before it.
    """

    host: str = "127.0.0.1"
    allowed_hosts: tuple[str, ...] = ()

    def check_host(self, headers: Headers) -> None:
        """Refuse a request for another host. A service that listens on every address answers under any of them.

        Raises:
            RefusedError: 400, there is no Host header, or more than one; 421, it names another host.
        """
        hosts = _values(headers, b"host")
        if len(hosts) != 1:
            raise RefusedError(400, "no_host", f"Expected one Host header, got {len(hosts)}.")
        name = _name(f"//{hosts[0]}")
        if name in _LOOPBACK or name == self.host.lower() or name in self.allowed_hosts:
            return
        if self.host in _EVERY_ADDRESS and _is_address(name):
            return
        detail = "The service does not answer under this name; whoever starts it may add one with --allow-host."
        raise RefusedError(421, "wrong_host", detail)

    def check_origin(self, headers: Headers) -> None:
        """Refuse what a page of another site sends. Programs that are no browsers send no Origin header.

        Raises:
            RefusedError: 403, the page came from elsewhere.
        """
        (host,) = _values(headers, b"host")
        for origin in _values(headers, b"origin"):
            same = origin.partition("://")[2].lower() == host.lower()
            if not same and _name(origin) not in self.allowed_hosts:
                raise RefusedError(403, "foreign_page", "Pages of other sites may not send pictures to this service.")


def _values(headers: Headers, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in headers if key == name]


def _name(url: str) -> str:
    """Return the host's name in a URL, in small letters, without port and brackets; "" if it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
