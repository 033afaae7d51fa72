"""Limits of one program of a container, with all programs that it starts: anyone may type `while :; do :; done`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

STEPS = 200_000
"""Steps that a program has at the beginning: about half a second of CPU time. A command takes two or three, a program
some ten."""
STEPS_A_SECOND = 1_000.0
"""Steps that are added in each second while a program runs or waits: a loop with a `sleep` in it may go on for days."""
AT_ONCE = 8_000
"""Steps of a single comparison at most: for a tenth of a second nothing else on the loop gets a turn."""
TURN = 500
"""Steps after which other work on the servers' loop gets its turn."""
WITHOUT_TURN = 2 * AT_ONCE
"""Steps after which a program is ended that has not given way to other work."""
DEPTH = 48
"""Functions, subshells, substitutions and compound commands inside each other, while they run."""
NESTING = 40
"""The same for a script while it is read, with words and lists counted. (Python's own stack has room for a
thousand.)"""
CONCURRENT = 32
"""Programs of one command that run at once, the parts of pipelines among them."""
TEXT = 64 * 1024
"""Characters of a variable, a word, a line, a script, or the output of a substitution."""
FIELDS = 4_000
"""Words of one command after its expansion."""
OUTPUT = 1024 * 1024
"""Characters that a program may print, to a terminal, to its log or to files."""
OUTPUT_A_SECOND = 1_000.0
"""Characters that a program may print in addition in each second: a loop with a `sleep` in it may go on for days."""
HELD = 8 * 1024 * 1024
"""Bytes that all programs of a node hold together of what they have read, their scripts among it."""


class Killed(Exception):
    """The program has exceeded a limit: it ends like one that the kernel kills."""


class Memory:
    """The bytes that programs hold: those of a node together, and within them those of each program."""

    def __init__(self, node: Memory | None = None) -> None:
        self._node = node
        self.held = 0

    def take(self, size: int) -> None:
        """Counts what is kept. Raises `Killed` where the node has no more memory."""
        self.held += size
        if self._node is not None:
            self._node.take(size)
        elif self.held > HELD:
            raise Killed

    @contextmanager
    def kept(self, size: int) -> Iterator[None]:
        """Inside, so much is kept. Raises `Killed`."""
        self.take(size)
        try:
            yield
        finally:
            self.free(size)

    def free(self, size: int | None = None) -> None:
        """Gives back so much, or all."""
        size = self.held if size is None else size
        self.held -= size
        if self._node is not None:
            self._node.free(size)


class Limits:
    """How much a program and all programs that it starts have used. `rest` waits while the world has no CPU time
    left."""

    def __init__(self, rest: Callable[[], Awaitable[None]]) -> None:
        self._rest = rest
        self._started = time.monotonic()
        self._steps = 0
        self._turn = TURN
        self._printed = 0
        self.running = 0
        """How many programs run at once now."""

    def spend(self, steps: int) -> None:
        """Counts work that is done without giving way to other work. Raises `Killed`."""
        self._steps += steps
        self._turn -= steps
        if self._steps > STEPS + STEPS_A_SECOND * (time.monotonic() - self._started) or self._turn < -WITHOUT_TURN:
            raise Killed

    def walk(self, path: str) -> None:
        """Counts a walk along the names of a path. Raises `Killed`."""
        self.spend(1 + len(path) // 8)

    def examine(self, characters: int, pattern: int = 1) -> None:
        """Counts a comparison in which each part of a pattern looks at each of these characters. Raises `Killed`."""
        steps = 1 + characters * pattern // 20
        if steps > AT_ONCE:
            raise Killed
        self.spend(steps)

    async def step(self, steps: int = 1) -> None:
        """Counts work, and gives way to other work from time to time. Raises `Killed`."""
        self.spend(steps)
        if self._turn <= 0:
            self._turn = TURN
            await asyncio.sleep(0)
            await self._rest()

    def printed(self, characters: int) -> None:
        """Counts output. Raises `Killed`."""
        self._printed += characters
        self.spend(1 + characters // 500)
        if self._printed > OUTPUT + OUTPUT_A_SECOND * (time.monotonic() - self._started):
            raise Killed
