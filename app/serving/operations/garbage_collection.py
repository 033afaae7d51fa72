"""When the interpreter looks for garbage: seldom among all objects, because every thread waits meanwhile.

Python looks through all objects whenever a quarter of them is new, dead or alive. With two hundred worlds that takes a
second and a half, every ten seconds. Here the objects that were looked through are set aside (`gc.freeze`). One whose
count of references falls to zero goes at once, as always. Those that only refer to each other in a circle wait until
there are half as many objects again as after the last look at all of them.
"""

from __future__ import annotations

import asyncio
import gc

THRESHOLDS = 5_000, 5, 20
"""`gc.set_threshold`, instead of 2,000, 10 and 10: how many new objects, less those that went, make Python look
through the youngest; how many such looks make it look through the young; and how many of these, through all that was
not set aside."""
EVERY_SECONDS = 20.0
"""How often the objects are set aside."""
MORE = 1.5
"""All objects are looked through again once there are this many times as many as after the last such look."""
LEAST = 500_000
"""With fewer objects than this they are never looked through again: to look through so many takes 0.1 s."""


class Garbage:
    """The objects that are set aside."""

    def __init__(self) -> None:
        self._before = 0
        """How many objects the last look through all of them has left."""

    async def look_after(self) -> None:
        """On the server's loop, until it is cancelled."""
        gc.set_threshold(*THRESHOLDS)
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self.set_aside()

    def set_aside(self) -> None:
        """Looks through the new objects and sets them aside; through all objects, where there are many more by now."""
        gc.collect()
        gc.freeze()
        if gc.get_freeze_count() > max(MORE * self._before, LEAST):
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._before = gc.get_freeze_count()
