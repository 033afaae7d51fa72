"""Standard input, output and error of one process, between it and the clients that are attached to it.

A process reads with `read` or `read_line` and writes with `write`, all on the servers' loop. A client feeds input and
iterates over `output`. With a terminal, input goes through its line discipline (`terminal`), errors and output are one
stream, and a line ends with CR LF (`ONLCR` of termios(3)).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from app.world.node.line_discipline import LineDiscipline

STDOUT, STDERR = 1, 2
LINE_LIMIT = 64 * 1024
"""Bytes of a line at most: a longer one comes in parts."""
INPUT_LIMIT = 256 * 1024
"""Bytes of input that wait for a process at most. The client has to wait where there are as many."""
PENDING_LIMIT = 64
"""Pieces of output that wait for a client at most. The process waits while there are as many."""


def encoded(text: str) -> bytes:
    """The bytes of a program's output: binary output is in surrogate escapes (`os.fsencode`)."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


class Streams:
    """The streams of one process."""

    def __init__(self, *, stdin: bool = False, tty: bool = False) -> None:
        """`stdin`: whether there will be input; without any, a reader finds its end at once."""
        self.tty = tty
        self.on_interrupt: Callable[[], object] | None = None
        """The action of Ctrl-C, set by the code that runs the process, and by a shell while it runs a command."""
        self.resting = False
        """Whether the process waits for input, or for time to pass, and does not work on anything."""
        self._input: deque[bytes] = deque()
        self._input_bytes = 0
        self._ended = not stdin
        self._news = asyncio.Event()
        self._taken = asyncio.Event()
        self._output: deque[tuple[int, bytes]] = deque()
        self._finished = False
        self._changed = asyncio.Event()
        """Set when the output changes: one more piece, one fewer, or the end."""
        self._terminal = LineDiscipline() if tty else None

    # (1) The process

    async def read(self) -> bytes:
        """The next bytes of input, a line where a terminal collects them; nothing at the end of the input."""
        while not self._input:
            if self._ended:
                return b""
            self._news.clear()
            self.resting = True
            try:
                await self._news.wait()
            finally:
                self.resting = False
        data = self._input.popleft()
        self._input_bytes -= len(data)
        self._taken.set()
        return data

    async def read_line(self) -> bytes:
        """The next line with its end, or the rest before the end of the input; empty at the end."""
        line = b""
        while len(line) < LINE_LIMIT and (piece := await self.read()):
            head, newline, rest = piece.partition(b"\n")
            line += head + newline
            if newline:
                if rest:
                    self._input.appendleft(rest)
                    self._input_bytes += len(rest)
                break
        return line

    async def write(self, data: bytes, *, error: bool = False) -> None:
        """Writes output, or with `error` to the other stream. Waits while the client takes none."""
        if self.tty:
            data, error = data.replace(b"\n", b"\r\n"), False
        while len(self._output) >= PENDING_LIMIT:
            self._changed.clear()
            await self._changed.wait()
        self._print(STDERR if error else STDOUT, data)

    def finish(self) -> None:
        """Ends the output, because the process has ended."""
        self._finished = True
        self._changed.set()
        self._taken.set()

    # (2) The client

    async def room(self) -> None:
        """Waits until the process has read enough for more input."""
        while self._input_bytes >= INPUT_LIMIT and not self._finished:
            self._taken.clear()
            await self._taken.wait()

    def feed(self, data: bytes) -> None:
        """Takes input of the client, once there is `room` for it."""
        if self._terminal is not None:
            typed = self._terminal.type(data)
            if len(self._output) < PENDING_LIMIT:
                self._print(STDOUT, bytes(typed.echo))
            for line in typed.lines:
                self._take(line)
            if typed.interrupted and self.on_interrupt is not None:
                self.on_interrupt()
        else:
            self._take(data)

    def end_input(self) -> None:
        """Ends the input: the client sends no more."""
        self._ended = True
        self._news.set()

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """Pieces of output as they come, each with `STDOUT` or `STDERR`, until the process has ended."""
        while self._output or not self._finished:
            if self._output:
                piece = self._output.popleft()
                self._changed.set()
                yield piece
            else:
                self._changed.clear()
                await self._changed.wait()

    def _print(self, stream: int, data: bytes) -> None:
        if data:
            self._output.append((stream, data))
            self._changed.set()

    def _take(self, data: bytes) -> None:
        if not data:  # Ctrl-D on an empty line
            self.end_input()
        elif not self._finished:
            self._input.append(data)
            self._input_bytes += len(data)
            self._news.set()
