"""The moments of one world to which its learner can go back: kept as time is moved on, bounded in number and bytes.

For the learner time stands still at a stop: whenever they ask for something there, the clock is that of the stop. Later
stops that they have seen are kept until they act. Then these are discarded, because they belong to another past.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.world.lifecycle import world_snapshot
from app.world.lifecycle.advance_clock import move_clock
from app.world.lifecycle.world_snapshot import WorldSnapshot
from app.world.usage import looks

if TYPE_CHECKING:
    from app.world.world import World

LIMIT = 20
"""Stops that are kept."""
STOPS_BYTES = 4 * 1024 * 1024
"""Bytes of memory that all stops may take, but for the first and the present one. A stop contains what has changed
since the one before it: in the lessons 50 kB."""
ELSEWHERE = "elsewhere"
"""An act outside of this history that changed the world: on another page, by `kubectl` or `aws`."""
REST_SECONDS = 900.0
"""For how long after each act here the kubelet does nothing by itself, so that a stop stays as it is while it is
shown."""
_DRIFT = 1.0
"""Seconds by which the clock may differ although no one has moved it."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A moment to which the time machine can go back."""

    place: float
    """Where it is on the timeline: seconds after the beginning."""
    at: float
    """The world's clock when it was kept, Unix seconds: what was done here may have taken a moment."""
    act: str
    """What was done to the world here; empty where time only passed."""
    world_snapshot: WorldSnapshot = field(repr=False)


class History:
    """The stops of one world, oldest first. `begin` makes it; its coroutines run on the servers' loop."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.start = world.clock.now()
        """Unix seconds of the beginning."""
        self.stops: list[Stop] = []
        self.current: Stop
        self._landmarks: frozenset[float] = frozenset()
        self._left: Hashable = None
        """What the world looked like after the last act of this history."""

    @classmethod
    async def begin(cls, world: World) -> History:
        """A history that begins now."""
        made = cls(world)
        async with world.changing:
            await made._keep(0.0, "")
        return made

    @property
    def later(self) -> tuple[Stop, ...]:
        """What is kept of the time after this stop: the next act discards it."""
        return tuple(self.stops[self.stops.index(self.current) + 1 :])

    async def go(self, place: float, landmarks: Sequence[float] = ()) -> None:
        """Goes to a place: back to the nearest stop before it, and forward from there. Stops at the landmarks on the
        way.

        So what happens at a landmark happens once, and a learner who goes to a later time again finds the same.
        """
        self._landmarks = frozenset(landmarks)
        async with self.world.changing:
            nearest = [stop for stop in self.stops if stop.place <= place][-1]
            if nearest is self.current:
                self._hold()
            else:
                await self._return(nearest)
            for waypoint in sorted({*(mark for mark in landmarks if mark < place), place}):
                if waypoint > self.current.place:
                    await move_clock(self.world, self.start + waypoint - self.world.clock.now())
                    await self._keep(waypoint, "")

    async def act(self, name: str, work: Callable[[World], Awaitable[None]]) -> None:
        """Does something to the world at this stop, and discards the later stops.

        Where `work` raises an error, the world stays as it was, and the error is raised again.
        """
        async with self.world.changing:
            self._hold()
            try:
                await work(self.world)
            except BaseException:
                await self._return(self.current)
                raise
            await self._start_over(self.current.place, name)

    async def undo(self) -> None:
        """Undoes the act of this stop, and all that came after it. Does nothing where no act happened here."""
        async with self.world.changing:
            if self.current.act:
                place = self.stops.index(self.current)
                await self._return(self.stops[place - 1])
                del self.stops[place:]

    async def resume(self) -> bool:
        """Goes on with the world. Returns whether it was changed elsewhere; then the later stops are discarded."""
        async with self.world.changing:
            if self._left == self._seen() and abs(self.world.clock.offset - self._offset) < _DRIFT:
                self._hold()
                return False
            await self._start_over(max(self.world.clock.now() - self.start, self.current.place), ELSEWHERE)
            return True

    # What the coroutines above are made of. They hold `world.changing`.

    def _hold(self) -> None:
        """Sets the clock to that of this stop, and keeps the kubelet from acting for a while."""
        self.world.kubelet.rest(REST_SECONDS)
        self.world.clock.offset = self._offset = self.current.at - time.time()

    async def _return(self, stop: Stop) -> None:
        await world_snapshot.restore(self.world, stop.world_snapshot)
        self.current = stop
        self._let_go()

    async def _keep(self, place: float, act: str) -> None:
        saved = await world_snapshot.save(self.world, like=self.current.world_snapshot if self.stops else None)
        stop = Stop(place=place, at=self.world.clock.now(), act=act, world_snapshot=saved)
        where = self.stops.index(self.current) + 1 if self.stops else 0
        self.stops.insert(where, stop)
        self.current = stop
        self._let_go()
        self._trim()

    async def _start_over(self, place: float, act: str) -> None:
        del self.stops[self.stops.index(self.current) + 1 :]
        await self._keep(place, act)

    def _let_go(self) -> None:
        self._hold()
        self._left = self._seen()

    def _seen(self) -> Hashable:
        """A value that differs once the world was changed elsewhere, or its kubelet did something by itself."""
        return looks(self.world), self.world.kubelet.woke

    def _trim(self) -> None:
        """Drops stops while there are too many. The oldest goes at which no one acted and nothing happens by itself;
        else the oldest. The first and the present one stay."""
        while spare := [stop for stop in self.stops[1:] if stop is not self.current]:
            if (
                len(self.stops) <= LIMIT
                and world_snapshot.bytes_of(stop.world_snapshot for stop in self.stops) <= STOPS_BYTES
            ):
                break
            plain = [stop for stop in spare if not stop.act and stop.place not in self._landmarks]
            self.stops.remove((plain or spare)[0])
