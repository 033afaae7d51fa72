"""When the interpreter looks for garbage: seldom among all objects, because every thread waits meanwhile.

Python looks through all objects whenever a quarter of them is new, dead or alive. With two hundred worlds that takes a
second and a half, every ten seconds. Here the objects that were looked through are set aside (`gc.freeze`). One whose
count of references falls to zero goes at once, as always. Those that only refer to each other in a circle wait until
twice as much is allocated as after the last look at all of them, or until memory is short.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import math
import sys
import time
from collections.abc import Callable
from contextlib import suppress

THRESHOLDS = 200_000, 20, 20
"""`gc.set_threshold`, instead of 2,000, 10 and 10: how many new objects, less those that went, make Python look
through the youngest; how many such looks make it look through the young; and how many of these, through all that was
not set aside. Most objects are looked through once, when they are set aside."""
EVERY_SECONDS = 5.0
"""How often the objects are set aside: those of a busy server take 50 ms then, and four times as long every 20 s."""
MORE = 2.0
"""All objects are looked through again once this many times as many blocks of memory are allocated as after the last
such look. To add up the blocks (`sys.getallocatedblocks`) takes half a millisecond; to count the objects, as long as to
look through a fifth of them."""
LEAST = 3_000_000
"""With fewer blocks than this, of some 700,000 objects, nothing is looked through again."""

FREE_SECONDS = 60.0
"""How often all objects are looked through where memory is short."""


class Garbage:
    """The objects that are set aside."""

    def __init__(self, is_memory_short: Callable[[], bool] = lambda: False) -> None:
        """`is_memory_short`: asked each time; whether the process has to free what it can."""
        self._is_memory_short = is_memory_short
        self._freed = -math.inf
        """When memory was freed for the last time."""
        self._before = 0
        """How many blocks the last look through all objects has left."""

    async def look_after(self) -> None:
        """On the server's loop, until it is cancelled."""
        gc.set_threshold(*THRESHOLDS)
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            if self._is_memory_short() and time.monotonic() - self._freed >= FREE_SECONDS:
                self.look_through_all()
                await asyncio.to_thread(give_back)
                self._freed = time.monotonic()
            else:
                self.set_aside()

    def set_aside(self) -> None:
        """Looks through the new objects and sets them aside; through all, where much more is allocated by now."""
        gc.collect()
        gc.freeze()
        if sys.getallocatedblocks() > max(MORE * self._before, LEAST):
            self.look_through_all()

    def look_through_all(self) -> None:
        """Looks through all objects, also those that were set aside, and sets aside what is left."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._before = sys.getallocatedblocks()


def give_back() -> None:
    """Gives the kernel the memory that was freed, which glibc otherwise keeps for what comes next (malloc_trim(3))."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # other C libraries have no such function
            ctypes.CDLL(None).malloc_trim(0)
