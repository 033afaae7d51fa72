"""The changes of one cluster, each with its version: watchers receive them, and may resume from those kept."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.world.apiserver.storage.stored import Stored
from app.world.apiserver.types import errors

HISTORY_LIMIT = 1000
"""Changes that a watch can resume from."""
HISTORY_BYTES = 2 * 1024 * 1024
"""Bytes of JSON in these changes together, each with what was there before. What hundreds of changes of one large
object take stays after it is gone."""


@dataclass(frozen=True, slots=True)
class Change:
    """One commit: what watchers receive."""

    version: int
    type: str
    """`ADDED`, `MODIFIED` or `DELETED`."""
    resource: str
    """The plural name."""
    namespace: str
    stored: Stored
    previous: Stored | None
    """What was stored before; None for `ADDED`."""


class ChangeLog:
    """The newest resource version, the changes that led to it, and the watchers that receive the next."""

    def __init__(self) -> None:
        self.version = 0
        """The newest resource version."""
        self._history: deque[Change] = deque()
        self.bytes = 0
        """Of the changes that are remembered, as text."""
        self._watchers: dict[object, Callable[[Change], None]] = {}

    def watch(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Calls `callback` after every change, on the loop that made it. The returned function ends it."""
        watcher = object()  # the callback itself would stay with the function that ends the watch
        self._watchers[watcher] = callback

        def cancel() -> None:
            self._watchers.pop(watcher, None)

        return cancel

    def after(self, version: int) -> Change | None:
        """The first change after `version`; None where there is none yet. Raises `ApiError` 410 for one forgotten."""
        if version + 1 < self.oldest:
            raise errors.expired(f"too old resource version: {version} ({self.oldest})")
        place = version + 1 - self.oldest
        return self._history[place] if place < len(self._history) else None

    def since(self, version: int) -> Iterator[Change]:
        """The changes after a version that are remembered, the newest first."""
        return itertools.takewhile(lambda change: change.version > version, reversed(self._history))

    @property
    def oldest(self) -> int:
        """The version of the first change that is remembered, or else of the next."""
        return self._history[0].version if self._history else self.next_version

    @property
    def next_version(self) -> int:
        """What the next change will get."""
        return self.version + 1

    @property
    def watchers(self) -> int:
        """How many listeners there are."""
        return len(self._watchers)

    def resume(self, version: int) -> None:
        """Goes on after a version of an earlier process: a client that watched it has to list again."""
        self.version = version

    def commit(self, type: str, resource: str, namespace: str, stored: Stored, previous: Stored | None) -> None:
        """Takes the next version for a change, and tells the watchers."""
        self.version = self.next_version
        change = Change(self.version, type, resource, namespace, stored, previous)
        self._history.append(change)
        self.bytes += _size(change)
        while len(self._history) > HISTORY_LIMIT or self.bytes > HISTORY_BYTES:
            self.bytes -= _size(self._history.popleft())
        for watcher in tuple(self._watchers.values()):
            watcher(change)


def _size(change: Change) -> int:
    return len(change.stored.text) + (len(change.previous.text) if change.previous else 0)
