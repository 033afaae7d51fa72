"""How hosts and IP addresses are written, and which of them are this machine's own."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def in_url(host: str) -> str:
    """The host as a URL has it: an IPv6 address is in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches that address. A socket of both families has IPv4 addresses mapped, which an
    older Python's `is_loopback` does not know."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return unmapped(address).is_loopback


def unmapped(address: Address) -> Address:
    """The same address; one of IPv4 that is written as one of IPv6 (RFC 4291 §2.5.5.2) as one of IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
