"""When the interpreter looks for garbage: seldom through all that there is, since everybody waits meanwhile.

Python looks through everything whenever a quarter of it is new, dead or alive: with two hundred worlds for a second and
a half, every ten seconds. Here what has been looked through is set aside (`gc.freeze`). What is there no more by its
count of references goes as always; circles among it wait until there is half more of all than after the last look.
"""

from __future__ import annotations

import asyncio
import gc

THRESHOLDS = 5_000, 5, 20
"""New objects less those that went, and looks, after which Python looks through the youngest, the young, and all that
was not set aside (`gc.set_threshold`; from 2,000, 10 and 10)."""
EVERY_SECONDS = 20.0
"""Between two times when what is there is set aside."""
MORE = 1.5
"""Times as much as after the last look through everything, before the next one."""
LEAST = 500_000
"""Objects below which it does not matter: to look through so many takes 0.1 s."""


class Garbage:
    """What is set aside."""

    def __init__(self) -> None:
        self._before = 0
        """Objects that were left by the last look through everything."""

    async def look_after(self) -> None:
        """On the server's loop, until it is cancelled."""
        gc.set_threshold(*THRESHOLDS)
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self.set_aside()

    def set_aside(self) -> None:
        """What is new is looked through, and set aside; where there is much more by now, everything is."""
        gc.collect()
        gc.freeze()
        if gc.get_freeze_count() > max(MORE * self._before, LEAST):
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._before = gc.get_freeze_count()
