"""Which address a visitor has: that of the connection or, behind a reverse proxy, the one that the proxy saw."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from starlette.types import Scope

from app.addresses import Address, unmapped
from app.setting_values import Network

_IPV6_PREFIX = 48
"""The largest network of one subscriber (RFC 6177 §2), who may take any address in it. Homes and phones get
less, so some neighbours share the limits, as a room does behind one IPv4 address."""


def address_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """The address by which a visitor is counted: IPv4 as it is, IPv6 as its /48 network; empty where there is none.

    `trusted` are the addresses of reverse proxies. Where the connection comes from one of them, the visitor is the
    rightmost entry of `X-Forwarded-For` that is not a proxy of ours (RFC 7239 §5.2 in the header's older form): what
    stands further left was sent by the visitor. Where all entries are proxies, the leftmost counts, as in uvicorn.
    Where the header is missing or that entry is not an address, the proxy itself counts. Where every address is trusted
    (`*`), the rightmost entry counts: with uvicorn's leftmost, visitors would say who they are.
    """
    peer = peer_of(scope)
    if peer is None:
        return ""
    visitor = peer
    if is_trusted(peer, trusted):
        trusts_all = any(network.prefixlen == 0 for network in trusted)
        for entry in _forwarded_for(scope):
            forwarded = _address(entry)
            if forwarded is None:
                break
            visitor = forwarded
            if trusts_all or not is_trusted(forwarded, trusted):
                break
    return counted_as(visitor)


def is_proxied(scope: Scope, trusted: Sequence[Network]) -> bool:
    """Whether a reverse proxy that is trusted passes the request on."""
    peer = peer_of(scope)
    forwards = any(name.lower() == b"x-forwarded-for" for name, _ in scope["headers"])
    return forwards and peer is not None and is_trusted(peer, trusted)


def is_encrypted(scope: Scope, trusted: Sequence[Network]) -> bool:
    """Whether the browser speaks TLS: with us, or with such a proxy, which says so in `X-Forwarded-Proto`."""
    said = [value for name, value in scope["headers"] if name.lower() == b"x-forwarded-proto"]
    return scope.get("scheme") in ("https", "wss") or (said == [b"https"] and is_proxied(scope, trusted))


def peer_of(scope: Scope) -> Address | None:
    """The address at the other end of the connection; None where it has none, as on a unix socket."""
    host, _ = scope.get("client") or ("", 0)
    return _address(str(host))


def is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    """Whether a reverse proxy has that address."""
    return any(address in network for network in trusted)


def counted_as(address: Address) -> str:
    """How all addresses of one visitor are written."""
    if address.version == 4:
        return str(address)
    return str(ipaddress.IPv6Network((int(address), _IPV6_PREFIX), strict=False))


def _forwarded_for(scope: Scope) -> Iterable[str]:
    """The entries of all `X-Forwarded-For` headers, the rightmost first."""
    lines = [value for name, value in scope["headers"] if name.lower() == b"x-forwarded-for"]
    return reversed(b",".join(lines).decode("latin-1").split(","))


def _address(text: str) -> Address | None:
    """An address as proxies write it: with or without a port, an IPv6 address with a port in brackets."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return unmapped(address)
