"""The launch secret: only a browser that opened the address from the terminal may use live mode.

As in Jupyter, the printed address works once. It becomes a cookie that no script can read, and the browser goes on to
the clean address, so that no secret stands in the address bar, the history, a Referer or a title. The secret is in no
file, log or argument, and ends with the process.
"""

from __future__ import annotations

import hmac
import secrets
import threading

PREFIX = "/launch/"
_UNUSED_LIMIT = 20
"""Addresses that were printed and not opened yet; the oldest ends when one more is printed."""


class Launch:
    """The secret of one process. Safe to use from several threads: a key in the terminal is heard in one of its own."""

    def __init__(self) -> None:
        self._secret = secrets.token_urlsafe(32)
        self._lock = threading.Lock()
        self._unused: dict[str, None] = {}
        """The tickets of the addresses, the oldest first."""

    def new_path(self) -> str:
        """The path of a new one-time address."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            self._unused[ticket] = None
            while len(self._unused) > _UNUSED_LIMIT:
                del self._unused[next(iter(self._unused))]
        return PREFIX + ticket

    def redeem(self, path: str) -> bool:
        """Whether this is the path of an address that was not used yet. From now on it is used."""
        ticket = path.removeprefix(PREFIX)
        with self._lock:
            is_unused = ticket in self._unused
            self._unused.pop(ticket, None)
        return is_unused

    def set_cookie(self, port: int, *, encrypted: bool = False) -> str:
        """The `Set-Cookie` header of a browser that was let in. Without an age: it ends with the browser's session.

        `encrypted`: whether the browser speaks TLS. Then it sends the cookie over nothing else.
        """
        secure = "; Secure" if encrypted else ""
        return f"{_name(port)}={self._secret}; Path=/; HttpOnly; SameSite=Strict{secure}"

    def holds(self, cookie_header: str, port: int) -> bool:
        """Whether a request with these cookies was let in."""
        return hmac.compare_digest(cookie(cookie_header, _name(port)).encode(), self._secret.encode())


def cookie(header: str, name: str) -> str:
    """The value of a request's last cookie of that name, as Starlette takes it; empty where there is none.

    Of our own alone: their values are never in quotes. Python's own parser takes 5 µs for each of thousands, and gives
    up at one with JSON in it, as other servers leave them.
    """
    pairs = (part.partition("=") for part in reversed(header.split(";")))
    return next((value.strip() for found, _, value in pairs if found.strip() == name), "")


def _name(port: int) -> str:
    """The cookie's name, another one for each port: browsers keep the cookies of all ports of a host together."""
    return f"irsa_explorer_launch_{port}"


LAUNCH = Launch()
"""The launch secret of this process: `serve` prints its addresses, `Gate` knows who opened one."""
