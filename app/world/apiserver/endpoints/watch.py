"""Watches: the stream of changes of a collection (k8s.io/apiserver `pkg/endpoints/handlers/watch.go`)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from app.serving.chunked_bodies import PIECE
from app.world.apiserver.endpoints.responses import compact
from app.world.apiserver.storage.changes import Change
from app.world.apiserver.storage.state import ClusterState
from app.world.apiserver.storage.stored import Stored
from app.world.apiserver.types import errors
from app.world.apiserver.types.resources import Resource
from app.world.apiserver.types.selectors import Predicate, everything

if TYPE_CHECKING:
    from app.world.world import World

Render = Callable[[Stored], Sequence[bytes]]
"""A function from a stored object to the JSON of the form that the client wants, in parts: the object's own text is one
of them where it is in there, so that a hundred watches of a large object share it."""

WATCH_LIMIT = 100
"""Watches at a time in one cluster."""
LONGEST = 3600.0
"""Seconds after which a watch ends, whatever `timeoutSeconds` says."""


class Watch:
    """One client's watch of one resource."""

    def __init__(
        self, world: World, resource: Resource, namespace: str, matches: Predicate, render: Render, *, initial: bool
    ) -> None:
        """`initial`: whether the client asked for the present state to be sent, with a bookmark after it."""
        self._cluster: ClusterState = world.cluster
        self._resource = resource
        self._namespace = namespace
        self._matches = matches
        self._render = render
        self._initial = initial
        self._items: deque[Stored] = deque()
        """The objects of the present state that the client has not been sent yet."""
        self._unsent: deque[memoryview] = deque()
        """The pieces of one event that it has not been sent yet."""
        self._at = 0
        """The version up to which the client has been sent all changes, apart from those objects."""
        self._news = asyncio.Event()

    async def stream(self, version: str, seconds: float) -> AsyncIterator[bytes]:
        """Watch events as lines of JSON: first the present objects (or the changes after `version`), then each change.

        It ends where the client is so far behind that changes which it has not been sent are no longer kept.
        """
        changes = self._cluster.changes
        cancel = changes.watch(self._notice)
        try:
            self._begin(version)
            while self._items:
                self._put("ADDED", self._items.popleft())
                while self._unsent:
                    yield bytes(self._unsent.popleft())
                await asyncio.sleep(0)  # others come in between
            if self._initial and self._at + 1 >= changes.oldest:
                yield self._bookmark()
            async with asyncio.timeout(min(seconds, LONGEST)):
                while self._at + 1 >= changes.oldest:
                    if not self._put_next():
                        self._news.clear()
                        await self._news.wait()
                        continue
                    while self._unsent:
                        yield bytes(self._unsent.popleft())
                    await asyncio.sleep(0)
        except TimeoutError:
            return
        except errors.ApiError as error:
            yield b"".join(_event("ERROR", [compact(error.status)]))
        finally:
            cancel()

    def _begin(self, version: str) -> None:
        """Raises `ApiError` 410 where the changes after `version` are no longer kept."""
        changes = self._cluster.changes
        self._at = changes.version
        if version in ("", "0") or self._initial:
            stored = self._cluster.scan(self._resource.plural, self._namespace)
            self._items.extend(item for item in stored if self._matches(item.object))
        else:
            wanted = int(version)
            changes.after(wanted)
            self._at = min(wanted, changes.version)

    def _bookmark(self) -> bytes:
        metadata = {
            "resourceVersion": str(self._at),
            "annotations": {"k8s.io/initial-events-end": "true"},
        }
        bookmark = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": metadata}
        return b"".join(_event("BOOKMARK", [compact(bookmark)]))

    def _notice(self, change: Change) -> None:
        """A change that the client has not seen, and that the log has dropped, is not kept for it."""
        if self._at + 1 < self._cluster.changes.oldest:
            self._items.clear()
            self._unsent.clear()
        self._news.set()

    def _put_next(self) -> bool:
        """Has the next change sent, if it is one for the client; says whether there was any."""
        change = self._cluster.changes.after(self._at)
        if change is not None:
            self._at = change.version
            self._put_change(change)
        return change is not None

    def _put_change(self, change: Change) -> None:
        """There may be no event for the client: a change may bring an object into its selectors or out of them."""
        if change.resource != self._resource.plural or (self._namespace and change.namespace != self._namespace):
            return
        is_in = change.type != "DELETED" and self._matches_stored(change.stored)
        was_in = change.previous is not None and self._matches_stored(change.previous)
        if is_in or was_in:
            self._put("MODIFIED" if is_in and was_in else "ADDED" if is_in else "DELETED", change.stored)

    def _put(self, type_: str, stored: Stored) -> None:
        """Has an event sent, a large one in pieces: what the client has not read is not there twice."""
        parts = _event(type_, self._render(stored))
        for part in parts if sum(map(len, parts)) > PIECE else [b"".join(parts)]:
            self._unsent.extend(memoryview(part)[at : at + PIECE] for at in range(0, len(part), PIECE))

    def _matches_stored(self, stored: Stored) -> bool:
        return self._matches is everything or self._matches(stored.object)


def _event(type_: str, body: Sequence[bytes]) -> Sequence[bytes]:
    return (f'{{"type":"{type_}","object":'.encode(), *body, b"}\n")
