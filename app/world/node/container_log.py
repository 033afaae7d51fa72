"""The newest part of what a container has printed, in pieces with their times, as in the container runtime's log
file."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import NamedTuple

LOG_LIMIT = 64 * 1024
"""The number of characters of a container's log that are kept: the newest ones."""
PIECE_COST = 100
"""The number of characters that each piece after the first counts as beside its own, because it takes memory of its
own."""
_SAME_MOMENT = 0.01
"""Seconds within which output belongs to the same piece."""


class Piece(NamedTuple):
    """Output of one moment."""

    time: float
    """When it was printed: Unix seconds by the node's clock."""
    text: str


class ContainerLog:
    """The log of one process, both streams as one."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self._characters = 0
        self.written = 0
        """How many characters were ever printed: the position of a follower that has read everything."""
        self.ended = False
        """Whether nothing more will be printed."""
        self._followers: set[asyncio.Event] = set()

    def __getstate__(self) -> dict[str, object]:
        """A copy has no followers."""
        return {**self.__dict__, "_followers": set()}

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self._pieces)

    @property
    def size(self) -> int:
        """About how much memory it takes, in characters."""
        return self._characters + PIECE_COST * max(len(self._pieces) - 1, 0)

    def write(self, text: str, now: float) -> None:
        """Adds what the process has printed."""
        if not text:
            return
        if self._pieces and 0 <= now - self._pieces[-1].time < _SAME_MOMENT:
            last = self._pieces.pop()
            text, now, replaced = last.text + text, last.time, len(last.text)
        else:
            replaced = 0
        self._pieces.append(Piece(now, text))
        self._characters += len(text) - replaced
        self.written += len(text) - replaced
        self.trim(LOG_LIMIT)
        self._tell()

    def recall(self, pieces: list[Piece], written: int) -> None:
        """Restores a kept log into a new one: these pieces, and the number of characters ever printed."""
        self._pieces.extend(pieces)
        self._characters = sum(len(piece.text) for piece in pieces)
        self.written = written

    def end(self) -> None:
        """Ends the log: the process has ended, or its Pod is gone."""
        self.ended = True
        self._tell()

    def trim(self, room: int) -> None:
        """Drops the oldest characters until it takes no more than `room`."""
        while self.size > room:
            time, text = self._pieces.popleft()
            self._characters -= len(text)
            kept = room - self.size - (PIECE_COST if self._pieces else 0)
            if kept > 0:
                self._pieces.appendleft(Piece(time, text[-kept:]))
                self._characters += kept

    def after(self, position: int = 0) -> list[Piece]:
        """What was printed after the first `position` characters, as far as it is kept."""
        wanted = self.written - position
        found: list[Piece] = []
        for time, text in reversed(self._pieces):
            if wanted <= 0:
                break
            found.append(Piece(time, text[-wanted:]))
            wanted -= len(text)
        return found[::-1]

    async def follow(self, position: int) -> AsyncIterator[list[Piece]]:
        """Yields what is printed after the first `position` characters, as it is printed, until the end."""
        news = asyncio.Event()
        self._followers.add(news)
        try:
            while True:
                news.clear()
                found, position = self.after(position), self.written
                if found:
                    yield found
                elif self.ended:
                    return
                else:
                    await news.wait()
        finally:
            self._followers.discard(news)

    def _tell(self) -> None:
        for follower in self._followers:
            follower.set()
