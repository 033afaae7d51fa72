"""Files and programs from which a login comes, read to a limit: what a configuration names may never end."""

from __future__ import annotations

import errno
import os
import select
import selectors
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.one_core import everywhere

FILE_LIMIT = 1024 * 1024
"""Bytes of a file with a token or with certificates: a system's whole CA bundle has a quarter of them."""
FILE_SECONDS = 3.0
"""How long a pipe (`<(…)`, a FIFO) may take; a file is there or is not."""
OUTPUT_LIMIT = 1024 * 1024
"""Bytes that a program may write, to either stream."""
TIMEOUT = 5.0
"""Seconds that a program may take. `aws eks get-token` takes one or two."""
_PIECE = 64 * 1024


class SourceTooLarge(OSError):
    """A file, or what a program wrote, has more than `limit` bytes. The rest is not read."""

    def __init__(self, name: str, limit: int) -> None:
        super().__init__(errno.EFBIG, f"more than {limit} bytes", name)
        self.limit = limit


def read_text(path: Path, *, limit: int = FILE_LIMIT, encoding: str = "utf-8") -> str:
    """The text in a file or a pipe. Raises `SourceTooLarge`, `OSError` and, for other bytes, `UnicodeDecodeError`."""
    return read_bytes(path, limit=limit).decode(encoding)


def read_bytes(path: Path, *, limit: int = FILE_LIMIT) -> bytes:
    """What is in a file or comes through a pipe. Raises `SourceTooLarge` and `OSError`."""
    # Without O_NONBLOCK, opening a FIFO to which nothing writes would wait for ever; Windows translates line ends
    # without O_BINARY.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        until = time.monotonic() + FILE_SECONDS
        content = bytearray()
        while len(content) <= limit:
            if not stat.S_ISREG(mode):
                _wait(descriptor, until, path)
            piece = os.read(descriptor, _PIECE)
            if not piece:
                return bytes(content)
            content += piece
        raise SourceTooLarge(str(path), limit)
    finally:
        os.close(descriptor)


def _wait(descriptor: int, until: float, path: Path) -> None:
    left = until - time.monotonic()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if left <= 0 or not poll.poll(left * 1000):
        raise TimeoutError(errno.ETIMEDOUT, f"no end within {FILE_SECONDS:.0f} seconds", str(path))


class Program(subprocess.Popen[bytes]):
    """A program without a terminal, in a group of its own, so that whatever it starts ends with it."""

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        """Options as of `Popen`. Raises `OSError`, and `ValueError` for a null byte."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with everywhere():
            super().__init__(list(command), **{**options, **streams, "start_new_session": True})
        self._name = command[0]

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Standard output and standard error, once the program has ended; nothing is sent to it.

        `timeout`: seconds, `TIMEOUT` where None. Raises `subprocess.TimeoutExpired` and `SourceTooLarge`; the program
        does not live on.
        """
        seconds = TIMEOUT if timeout is None else timeout
        until = time.monotonic() + seconds
        if self.stdout is None or self.stderr is None:
            raise ValueError("no pipes")
        written = {self.stdout: bytearray(), self.stderr: bytearray()}
        try:
            with selectors.DefaultSelector() as waiting:
                for stream in written:
                    waiting.register(stream, selectors.EVENT_READ, written[stream])
                while waiting.get_map():
                    if time.monotonic() > until:
                        raise subprocess.TimeoutExpired(self.args, seconds)
                    for key, _ in waiting.select(max(until - time.monotonic(), 0)):
                        piece = os.read(key.fd, _PIECE)
                        key.data.extend(piece)
                        if not piece:
                            waiting.unregister(key.fileobj)
                        if len(key.data) > OUTPUT_LIMIT:
                            raise SourceTooLarge(self._name, OUTPUT_LIMIT)
            self.wait(max(until - time.monotonic(), 0))
        finally:
            self._end()
        return bytes(written[self.stdout]), bytes(written[self.stderr])

    def _end(self) -> None:
        try:
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)
            else:  # Windows
                self.kill()
        except (ProcessLookupError, PermissionError):
            pass
        self.wait()
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()
