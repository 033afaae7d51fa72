"""Watches: the stream of changes of a collection (k8s.io/apiserver `pkg/endpoints/handlers/watch.go`)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver import errors
from app.world.apiserver.changes import Change
from app.world.apiserver.resources import Resource
from app.world.apiserver.selectors import Predicate
from app.world.apiserver.state import ClusterState
from app.world.apiserver.stored import Stored

if TYPE_CHECKING:
    from app.world.world import World

Render = Callable[[Stored], JsonObject]
"""From a stored object to what the client wants to see of it."""

QUEUE_LIMIT = 1000
"""Changes that a slow client may be behind; then its watch ends, and it starts anew."""
QUEUE_BYTES = 2 * 1024 * 1024
"""Bytes of JSON in these changes together."""
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
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._behind = 0
        """Bytes of JSON in the queue."""
        self._has_ended = False

    async def stream(self, version: str, seconds: float) -> AsyncIterator[bytes]:
        """Watch events as lines of JSON: first what there is (or what came after `version`), then what comes."""
        cancel = self._cluster.changes.watch(self._receive)
        try:
            for line in self._present(version):
                yield line
            async with asyncio.timeout(min(seconds, LONGEST)):
                while (change := await self._queue.get()) is not None:
                    self._behind -= len(change.stored.text)
                    if line := self._line(change):
                        yield line
        except TimeoutError:
            return
        except errors.ApiError as error:
            yield _event("ERROR", error.status)
        finally:
            cancel()

    def _present(self, version: str) -> list[bytes]:
        if version in ("", "0") or self._initial:
            stored = self._cluster.scan(self._resource.plural, self._namespace)
            lines = [_event("ADDED", self._render(item)) for item in stored if self._matches(item.object)]
            return [*lines, self._bookmark()] if self._initial else lines
        changes = self._cluster.changes.since(int(version) if version.isdecimal() and len(version) < 20 else 0)
        lines = [self._line(change) for change in changes if change.resource == self._resource.plural]
        return [line for line in lines if line]

    def _bookmark(self) -> bytes:
        metadata = {
            "resourceVersion": str(self._cluster.changes.version),
            "annotations": {"k8s.io/initial-events-end": "true"},
        }
        bookmark = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": metadata}
        return _event("BOOKMARK", bookmark)

    def _receive(self, change: Change) -> None:
        if change.resource != self._resource.plural:
            return
        if self._has_ended:
            return
        self._behind += len(change.stored.text)
        self._has_ended = self._queue.qsize() >= QUEUE_LIMIT or self._behind > QUEUE_BYTES
        self._queue.put_nowait(None if self._has_ended else change)

    def _line(self, change: Change) -> bytes:
        """The event that the client sees, empty for none: an object may come into its selectors or leave them."""
        if self._namespace and change.namespace != self._namespace:
            return b""
        is_in = change.type != "DELETED" and self._matches(change.stored.object)
        was_in = change.previous is not None and self._matches(change.previous.object)
        if not is_in and not was_in:
            return b""
        type_ = "MODIFIED" if is_in and was_in else "ADDED" if is_in else "DELETED"
        return _event(type_, self._render(change.stored))


def _event(type_: str, body: JsonObject) -> bytes:
    return json.dumps({"type": type_, "object": body}, separators=(",", ":")).encode() + b"\n"
