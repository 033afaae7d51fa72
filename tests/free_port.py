"""A port for a program that cannot choose one itself."""

import contextlib
import itertools
import os
import socket

_numbers = itertools.count(os.getpid() * 37)


def free_port() -> int:
    """Each time another one, below those that a system gives out for port 0: so it stays free until then."""
    while True:
        port = 20_000 + next(_numbers) % 10_000
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
