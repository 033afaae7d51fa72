"""Keeps one world on the disk while it runs: no change is acknowledged to a client before it is there.

Changes are collected and written together (group commit): a request that comes while one write is on its way
waits for the next, together with all others that came meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from app.world.apiserver.storage.changes import Change
from app.world.saved import sections
from app.world.saved.journal import Journal
from app.world.saved.sections import BEFORE_FAULTS, Sections

if TYPE_CHECKING:
    from app.world.world import World

SOON_SECONDS = 0.2
"""Seconds after which a change of the cluster is written that no client waits for: by the kubelet or a controller."""
LOOK_SECONDS = 30.0
"""Seconds between two looks at what changes without a change of the cluster: a program's output, a renewed token."""

_log = logging.getLogger(__name__)


class Keeper:
    """The keeper of one world, on the servers' loop."""

    def __init__(self, world: World, journal: Journal) -> None:
        self.world = world
        self.before_faults: Sections | None = None
        """The world's sections from before its first fault; None where none is in force."""
        self._journal = journal
        self._written: dict[str, str] = {}
        """Each section as it is on the disk, as text."""
        self._changed: set[str] = set()
        """The objects of the cluster that are not on the disk as they are."""
        self._next: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._cancel_watch = world.cluster.changes.watch(self._note)
        self._looking: asyncio.Task[None] | None = None
        self._soon: asyncio.TimerHandle | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self._is_whole = True
        """Whether the journal has all changes so far: a full disk may have taken half of one. Where it has not, all of
        the world is written again."""
        self.problem: OSError | None = None
        """Why the world is not on the disk as it is; None after a write that went well."""

    @property
    def directory(self) -> Path:
        """Where the world is kept."""
        return self._journal.directory

    async def begin(self, *, again: bool = False) -> None:
        """Writes all of the world. Raises `OSError`, but not where it is on the disk already (`again`): the next change
        of it, or the next look, writes it then."""
        try:
            async with self._writing:  # what changes meanwhile is written after it, however long the disk takes
                await self._write(whole=True)
        except OSError as error:
            if not again:
                raise
            self._warn(error)
        self._looking = asyncio.get_running_loop().create_task(self._look())

    async def flush(self) -> None:
        """Returns once all that has changed until now is on the disk. Raises `OSError`."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._flush())
        await asyncio.shield(self._next)

    async def close(self, *, flush: bool = True) -> None:
        """Ends it, with the world on the disk as it is unless that is not wanted."""
        self._cancel_watch()
        if self._looking is not None:
            self._looking.cancel()
        if self._soon is not None:
            self._soon.cancel()
        for task in self._looks:
            task.cancel()
        if flush:
            await self._try()
        elif self._next is not None:
            await asyncio.wait({self._next})
        async with self._writing:
            self._journal.close()

    def collect(self) -> Sections:
        """All sections as they are now, a copy."""
        copied: Sections = json.loads(json.dumps(self._now()))
        return copied

    def _now(self) -> Sections:
        found: Sections = {name: stored.object for name, stored in sections.of_objects(self.world)}
        before = {BEFORE_FAULTS: self.before_faults} if self.before_faults and self.world.faults else {}
        return {**dict(sections.of_origin(self.world)), **found, **dict(sections.of_world(self.world)), **before}

    async def _flush(self) -> None:
        async with self._writing:
            self._next = None  # a request that comes from now on waits for another
            await self._write(whole=not self._is_whole or self._journal.is_due)

    async def _write(self, *, whole: bool) -> None:
        """Writes all of the world, or what has changed of it. Raises `OSError`."""
        self._is_whole = False
        try:
            await (self._write_world() if whole else self._write_changes())
        except OSError as error:
            self.problem = error
            raise
        self._is_whole, self.problem = True, None

    async def _write_changes(self) -> None:
        written, gone = self._changes()
        if written or gone:
            await asyncio.to_thread(self._journal.append, written, gone)

    async def _write_world(self) -> None:
        self._changed = set()
        self._written = {name: json.dumps(value) for name, value in self._now().items()}
        await asyncio.to_thread(self._write_all, dict(self._written))

    def _write_all(self, written: Mapping[str, str]) -> None:
        """In a thread of its own: of a world at its limits this takes longer than other worlds are to wait."""
        self._journal.begin({name: json.loads(text) for name, text in written.items()})

    def _changes(self) -> tuple[Sections, list[str]]:
        """The sections that are not on the disk as they are now, and those that are gone. From here on they count as
        written."""
        now: dict[str, str] = {}
        changed, self._changed = self._changed, set()
        for name in changed:
            stored = sections.find_object(self.world, name)
            if stored is not None:
                now[name] = stored.text.decode()
        present = {name: json.dumps(value) for name, value in sections.of_world(self.world)}
        if self.before_faults and self.world.faults:
            present[BEFORE_FAULTS] = json.dumps(self.before_faults)
        now.update({name: text for name, text in present.items() if self._written.get(name) != text})
        gone = [name for name in changed if name not in now and name in self._written]
        kept = ("object/", "origin", "setup")
        gone += [name for name in self._written if name not in present and not name.startswith(kept)]
        for name in gone:
            del self._written[name]
        self._written.update(now)
        return {name: json.loads(text) for name, text in now.items()}, gone

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._try()

    async def _try(self) -> None:
        try:
            await self.flush()
        except OSError as error:
            self._warn(error)
        except Exception:  # of whatever kind: it would end the looks at this world, and keep others from the disk
            _log.exception("A world could not be kept in %s", self.directory)

    def _warn(self, error: OSError) -> None:
        _log.warning("A world could not be kept in %s: %s", self.directory, error)

    def _note(self, change: Change) -> None:
        self._changed.add(sections.object_name(change.resource, change.stored))
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SOON_SECONDS, self._flush_soon)

    def _flush_soon(self) -> None:
        self._soon = None
        self._looks.add(task := asyncio.get_running_loop().create_task(self._try()))
        task.add_done_callback(self._looks.discard)
