"""The open connections of a server: how many there may be, how many from one address, and for how long the server waits
for each client."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass

from app.serving.budget import Tally, has_share
from app.serving.operations import log_events
from app.serving.visitor import counted_as, is_trusted, peer_of
from app.settings import Network

UNSENT = 128 * 1024
"""Bytes that the kernel takes for a client and cannot send yet. It would take 4 MB (`net.ipv4.tcp_wmem`), for each one
that does not read, and counts them to the container's memory."""


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """What one server grants its clients."""

    connections: int
    """Open at a time."""
    per_address: int
    """How many of these one address may have (an IPv6 address counts as its /48), fewer beside others (`has_share`).
    Reverse proxies are exempt."""
    trusted: tuple[Network, ...] = ()
    """The addresses of reverse proxies."""
    refusals: int = 64
    """Connections beyond these limits that still get an answer, at a time. For each one more, that which has waited
    longest is closed without one: a probe asks at once, and what asks for nothing keeps none from its answer."""
    head_bytes: int = 64 * 1024
    """The most that a request's line and headers may have together."""
    head_seconds: float = 20.0
    """From the connection, or from the first byte of a later request, to the end of the headers."""
    body_seconds: float = 120.0
    """From the end of the headers to the end of the body."""
    part_bytes: int = 32 * 1024 * 1024
    """The most that the unfinished websocket messages of one address may take together. Pages send some kilobytes."""
    write_seconds: float = 60.0
    """For which a client may read nothing of what is ready for it."""
    write_bytes: int = 8 * 1024 * 1024
    """The most that may wait for the client of a websocket to read it, when that client sends more."""
    sweep_seconds: float = 1.0
    """Between two searches for clients that are late."""


class Connection:
    """One connection's accounts."""

    def __init__(self, address: str, deadline: float) -> None:
        self.address = address
        """The address for which it counts; empty where it does not count, because it is a proxy's or was refused."""
        self.deadline: float | None = deadline
        """The loop's time at which it is aborted; None while nothing is expected of the client."""
        self.unread = 0
        """Bytes that waited for the client at the last look."""
        self.progress = 0.0
        """The loop's time at which that number last became smaller."""


class Connections:
    """All connections of one server, on one event loop."""

    def __init__(self, limits: ConnectionLimits, busy: bytes) -> None:
        """`busy`: the HTTP answer to a connection beyond the limits, head and body."""
        self.limits = limits
        self.busy = busy
        self._open: dict[asyncio.Transport, Connection] = {}
        self._refused: dict[asyncio.Transport, Connection] = {}
        self._by_address = Tally()
        self._parts: Counter[str] = Counter()
        """Bytes of unfinished messages by address."""
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, transport: asyncio.Transport, client: tuple[str, int] | None) -> Connection | None:
        """Counts a new connection; None where there is no room for it, and it is only answered."""
        loop = asyncio.get_running_loop()
        address = self._counted(client)
        connection = Connection(address, loop.time() + self.limits.head_seconds)
        own, limits = self._by_address.of(address), self.limits
        if has_share(own, len(self._open), limits.connections, limits.per_address):
            self._open[transport] = connection
            if address:
                self._by_address.add(address)
            found: Connection | None = connection
        else:
            found = None
            log_events.refuse("connections", visitor=address)
            if len(self._refused) >= self.limits.refusals:
                longest = next(iter(self._refused))
                self.leave(longest)
                longest.abort()
            self._refused[transport] = connection
        if self._sweeping is None:
            self._sweeping = loop.call_later(self.limits.sweep_seconds, self._sweep_again)
        return found

    def find(self, transport: asyncio.Transport) -> Connection | None:
        """The accounts of a connection that was let in."""
        return self._open.get(transport)

    def leave(self, transport: asyncio.Transport) -> None:
        """Forgets a connection that is closed. Leaving twice is no error."""
        self._refused.pop(transport, None)
        connection = self._open.pop(transport, None)
        if connection is not None and connection.address:
            self._by_address.remove(connection.address)

    def keep_part(self, address: str, size: int) -> bool:
        """Counts more bytes of unfinished messages of an address, or less. Returns whether it may keep them."""
        self._parts[address] += size
        if not self._parts[address]:
            del self._parts[address]
        return self._parts[address] <= self.limits.part_bytes

    def sweep(self, now: float) -> None:
        """Aborts the connections whose client is late by the loop's time `now`, with a request or with reading."""
        for transport, connection in (*self._open.items(), *self._refused.items()):
            unread = transport.get_write_buffer_size()
            if unread == 0 or unread < connection.unread or connection.unread == 0:
                connection.progress = now
            connection.unread = unread
            is_late = connection.deadline is not None and now >= connection.deadline
            if is_late or now - connection.progress >= self.limits.write_seconds:
                transport.abort()

    def _sweep_again(self) -> None:
        loop = asyncio.get_running_loop()
        self.sweep(loop.time())
        is_needed = self._open or self._refused
        self._sweeping = loop.call_later(self.limits.sweep_seconds, self._sweep_again) if is_needed else None

    def _counted(self, client: tuple[str, int] | None) -> str:
        peer = peer_of({"client": client})
        return "" if peer is None or is_trusted(peer, self.limits.trusted) else counted_as(peer)


def take_little_ahead(listener: socket.socket) -> None:
    """Has the kernel do so with all that is accepted there, where it can (Linux, macOS; tcp(7), TCP_NOTSENT_LOWAT)."""
    if option := getattr(socket, "TCP_NOTSENT_LOWAT", None):
        listener.setsockopt(socket.IPPROTO_TCP, option, UNSENT)
