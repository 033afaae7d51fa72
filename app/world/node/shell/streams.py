"""The input and output of a program: pipes, files, a terminal or a log, texts.

They carry text, not bytes: bytes that are no UTF-8 are kept as Python's surrogate escapes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from app.world.node.shell.limits import TEXT, Limits

PIPE_BUFFER = 8 * 1024
"""Characters that wait in a pipe before its writer has to wait. (Linux: 64 KiB.)"""


def decoded(data: bytes) -> str:
    """Bytes as the text that streams carry."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """The bytes of such a text."""
    return text.encode("utf-8", "surrogateescape")


class Stream(Protocol):
    """What a file descriptor refers to."""

    async def read(self) -> str:
        """The text that is there; waits until there is some; empty at the end. Raises `OSError`."""

    async def readline(self) -> str:
        """One line with its end; at the end of the input the rest. Raises `OSError`."""

    async def write(self, text: str) -> None:
        """Writes the text. Raises `OSError`; `BrokenPipeError` where no one reads any more."""


class Pipe:
    """A pipe, with one end for reading and one for writing."""

    def __init__(self) -> None:
        self._text = ""
        self._changed = asyncio.Event()
        self._written = self._abandoned = False
        self._room = PIPE_BUFFER
        """How many characters the pipe takes: more while its reader waits for the end of a line."""

    def close_writer(self) -> None:
        """Ends the input of the reader."""
        self._written = True
        self._changed.set()

    def close_reader(self) -> None:
        """Ends the output of the writer: no one reads any more."""
        self._abandoned = True
        self._changed.set()

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def read(self) -> str:
        while not self._text and not self._written:
            await self._wait()
        text, self._text = self._text, ""
        self._changed.set()
        return text

    async def readline(self) -> str:
        while "\n" not in self._text and not self._written and len(self._text) < TEXT:
            self._room = TEXT
            self._changed.set()
            await self._wait()
        self._room = PIPE_BUFFER
        line, end, self._text = self._text.partition("\n")
        self._changed.set()
        return line + end

    async def write(self, text: str) -> None:
        while len(self._text) >= self._room and not self._abandoned:
            await self._wait()
        if self._abandoned:
            raise BrokenPipeError(32, "Broken pipe")
        self._text += text
        self._changed.set()


class Text:
    """A stream that reads a text: a here-document, a file that was opened, nothing (`/dev/null`)."""

    def __init__(self, text: str = "") -> None:
        self._text = text
        self._position = 0

    async def read(self) -> str:
        start, self._position = self._position, len(self._text)
        return self._text[start:]

    async def readline(self) -> str:
        start = self._position
        end = self._text.find("\n", start)
        self._position = len(self._text) if end < 0 else end + 1
        return self._text[start : self._position]

    async def write(self, text: str) -> None:
        raise OSError(9, "Bad file descriptor")


class Sink:
    """A stream that only writes: to a terminal, a log, a file, a substitution's text, nothing."""

    def __init__(self, take: Callable[[str], None], limits: Limits) -> None:
        self._take = take
        self._limits = limits

    async def read(self) -> str:
        raise OSError(9, "Bad file descriptor")

    async def readline(self) -> str:
        return await self.read()

    async def write(self, text: str) -> None:
        if text:
            self._limits.printed(len(text))
            self._take(text)
            await self._limits.step()
