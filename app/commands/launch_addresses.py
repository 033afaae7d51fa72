"""New launch addresses for the person who started the server: by a key in its terminal, or by a second command.

The second command asks over a unix socket in a directory that only this user (and root) may enter, so no secret is in
a file, an argument or a log.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from app.own_folder import YOUNG_SECONDS

_LINE_LIMIT = 4096
_SECONDS = 5.0


@asynccontextmanager
async def offered(port: int, new_address: Callable[[], str]) -> AsyncIterator[None]:
    """While inside, answers `ask(port)` with a new address. Without a private directory nothing is offered.

    Nor is it where no socket can be made there: its path may be too long (unix(7)), or the disk full.
    """
    path = _path(port)
    if path is None:
        yield
        return

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{new_address()}\n".encode())
        writer.close()

    remove_left(path.parent)
    server: asyncio.Server | None = None
    with suppress(OSError):
        path.unlink(missing_ok=True)  # the socket of a process that was killed: the port is ours now
        server = await asyncio.start_unix_server(answer, path)
    try:
        yield
    finally:
        if server is not None:
            server.close()
            path.unlink(missing_ok=True)


def ask(port: int) -> str:
    """A new address of the server of this user on that port; empty where there is none."""
    path = _path(port)
    if path is None:
        return ""
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        client.settimeout(_SECONDS)
        client.connect(str(path))
        with client.makefile("rb") as answer:
            return answer.readline(_LINE_LIMIT).decode().strip()
    return ""


def on_enter(terminal: int, pressed: Callable[[], None]) -> None:
    """Calls `pressed` for each line that is typed at that file descriptor, in a thread that ends with the process."""
    # A process in the background that reads its terminal is stopped by the system, unless it ignores the signal: then
    # the read fails, and the thread ends.
    if hasattr(signal, "SIGTTIN"):  # not on Windows
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)

    def watch() -> None:
        # By descriptor: a thread in `sys.stdin.readline` holds a lock that Python wants at exit.
        with suppress(OSError):
            while os.read(terminal, _LINE_LIMIT):
                pressed()

    threading.Thread(target=watch, name="terminal", daemon=True).start()


def remove_left(directory: Path) -> None:
    """Removes the sockets of servers that were killed. One that is new may not be listened at yet."""
    for path in directory.glob("*.sock"):
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            if time.time() - path.lstat().st_mtime < YOUNG_SECONDS:
                continue
            try:
                # A server that listens refuses this kind of socket before it hears of anything: it gives no address.
                client.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)


def _path(port: int) -> Path | None:
    """The socket of the server of that port; None where the directory is not this user's alone, as on Windows."""
    if not hasattr(os, "geteuid"):
        return None
    directory = Path(tempfile.gettempdir()) / f"irsa-explorer-{os.geteuid()}"
    with suppress(OSError):
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077:
            return directory / f"{port}.sock"
    return None
