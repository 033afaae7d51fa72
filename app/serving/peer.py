"""Whose process is at the other end of a loopback connection, where the kernel shows it (Linux, `/proc/net/tcp`).

Browsers send a cookie to every port of a host (RFC 6265, section 8.5). So if the person who started the app opens
another user's server on this machine in the same browser, that user gets the launch cookie. It does not help them: the
kernel shows whose connection it is, and on one of another user the cookie does not count.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path

from starlette.types import Scope

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL, _REMOTE, _UID = 1, 2, 7
"""Columns of the kernel's table (`proc_net_tcp.rst` of the kernel's documentation)."""


def is_foreign(scope: Scope, tables: tuple[Path, ...] = _TABLES) -> bool:
    """Whether another user's process sent this request. Root's is not foreign: root reads everything anyway.

    Where the kernel does not show the owner (another system, another machine), the cookie alone decides.
    """
    client, server = scope.get("client"), scope.get("server")
    if not client or not server or server[1] is None or not hasattr(os, "geteuid"):
        return False
    try:
        wanted = (_written(*client), _written(*server))
    except ValueError:
        return False
    for table in tables:
        owner = _owner(table, wanted)
        if owner is not None:
            return owner not in (0, os.geteuid())
    return False


def _owner(table: Path, wanted: tuple[str, str]) -> int | None:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        columns = line.split()
        if (columns[_LOCAL][-len(wanted[0]) :], columns[_REMOTE][-len(wanted[1]) :]) == wanted:
            return int(columns[_UID])
    return None


def _written(host: str, port: int) -> str:
    """An address as the table ends it: each word of four bytes in the machine's order, in hexadecimal, and the port.

    IPv4 is the last word of an IPv4-mapped address in the table of IPv6, so the same text fits both.
    """
    packed = ipaddress.ip_address(host).packed
    words = (packed[place : place + 4] for place in range(0, len(packed), 4))
    ordered = (word[::-1] if sys.byteorder == "little" else word for word in words)
    return f"{b''.join(ordered).hex().upper()}:{port:04X}"
