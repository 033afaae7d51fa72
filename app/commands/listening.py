"""Takes from the system what a command needs, or raises an error that says why that is not possible."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

from app.addresses import in_url
from app.commands.failure import CannotRun
from app.commands.streams import why
from app.content import Content
from app.flow.times import timestamp
from app.serving import descriptors
from app.settings import shown

CERTIFICATES_BEGIN = 946_684_800
"""2000-01-01: from then on the certificates of a simulated world are valid, as trustme makes them. The clock of a board
without a battery is before that until a time server sets it."""

_Address: TypeAlias = tuple[int, int, int, str, tuple[Any, ...]]
"""Family, kind, protocol, canonical name, and what is bound: the address and the port, with IPv6 two numbers more."""

THREADS = 8
"""Without this many at once, neither the simulated world's servers nor a page's script start."""
LOOPBACK_SECONDS = 5.0
"""After which a connection to this machine itself is not coming."""


def listen(host: str, port: int, words: Content, *, option: str) -> socket.socket:
    """A socket that listens there. Raises `CannotRun`, naming the `option` by which the port is chosen.

    It is made with its protocol named: only then does asyncio switch Nagle's algorithm off for what it accepts.
    """
    address = f"{in_url(shown(host)) or repr(host)}:{port}"
    try:
        family, kind, protocol, _, where = _first_address(host, port)
        listener = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":  # elsewhere it lets another program take the same port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise CannotRun(words, "port_in_use", address=address, option=option) from error
        raise CannotRun(words, "cannot_listen", address=address, said=why(error)) from error
    return listener


def served_on(host: str, port: int) -> str:
    """The address that `listen` takes, by which `serve` decides about live mode and the console; the host itself where
    it resolves to no address."""
    try:
        return str(_first_address(host, port)[4][0])
    except (OSError, UnicodeError):
        return host


def _first_address(host: str, port: int) -> _Address:
    """The first of the addresses that the host resolves to. Raises `OSError` and `UnicodeError`."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE)[0]


def check_machine(words: Content) -> None:
    """Raises the limit of file descriptors as far as it goes. Raises `CannotRun` where that is too few: without them a
    world does not start, or starts and takes what it cannot open for a broken link of the chain. Also where there are
    too few threads, and where the servers of a world could not trust each other by this machine's clock."""
    descriptors.raise_limit()
    if (most := descriptors.limit()) < descriptors.LEAST:
        raise CannotRun(words, "few_descriptors", got=most, least=descriptors.LEAST)
    if (started := threads_at_once()) < THREADS:
        raise CannotRun(words, "few_threads", got=started, least=THREADS)
    if (now := time.time()) < CERTIFICATES_BEGIN:
        raise CannotRun(words, "clock_too_early", got=timestamp(now), least=timestamp(CERTIFICATES_BEGIN))


def threads_at_once() -> int:
    """How many more threads the system lets this process have, up to `THREADS`."""
    over, started = threading.Event(), 0
    with suppress(RuntimeError):  # which Python raises where the system refuses one
        while started < THREADS:
            threading.Thread(target=over.wait, daemon=True).start()
            started += 1
    over.set()
    return started


def reach_loopback() -> None:
    """Connects to a port of 127.0.0.1, as all in a simulated world do. Raises `OSError` where the system refuses it:
    the port, or the way there, because loopback is down in a new network namespace (ip-netns(8))."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), LOOPBACK_SECONDS).close()


@contextmanager
def simulating(words: Content) -> Iterator[None]:
    """Raises `CannotRun` where the system refuses what a simulated world needs: file descriptors, a port, a folder or
    room on the disk, a clock that is not decades late."""
    check_machine(words)
    try:
        reach_loopback()
        yield
    except OSError as error:
        raise CannotRun(words, "world_cannot_run", said=why(error)) from error
