"""The controllers of one world: they work on the objects that have changed, one after the other.

They run on the servers' loop, and only changes and the deadlines of Jobs wake them; their CPU time is charged to the
sender of the request that began it. Work that failed is tried again a few times, and then when something in its
namespace changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.controllers import (
    cluster_role,
    daemon_set,
    deployment,
    endpoints,
    garbage_collector,
    job,
    replica_set,
    stateful_set,
)
from app.world.apiserver.controllers.owned import PLURALS, controller_of
from app.world.apiserver.registry.ownership import has_dependents
from app.world.apiserver.storage.changes import Change
from app.world.apiserver.storage.stored import key_of
from app.world.apiserver.types.errors import ApiError
from app.world.apiserver.types.selectors import matches_selector

if TYPE_CHECKING:
    from app.world.world import World

RETRIES = 8
"""How often failed work is tried again without a change."""
RETRY_SECONDS = 0.5
"""Seconds until the first of these tries; each other one takes twice as long (`DefaultControllerRateLimiter`, more or
less)."""
PATIENCE_SECONDS = 60.0
"""Seconds for which the controllers wait for CPU time at most."""

_log = logging.getLogger(__name__)

Key = tuple[str, str, str]
"""Plural name, namespace and name; for an object that is gone: `gone`, its namespace and its uid."""

_SYNCS: Mapping[str, Callable[[World, str, str], Awaitable[None]]] = {
    "clusterroles": cluster_role.sync,
    "daemonsets": daemon_set.sync,
    "deployments": deployment.sync,
    "gone": garbage_collector.collect,
    "jobs": job.sync,
    "replicasets": replica_set.sync,
    "services": endpoints.sync,
    "statefulsets": stateful_set.sync,
}
_OWNERS = frozenset({*garbage_collector.OWNERS, "services"})
_CAUSES = frozenset({"serviceaccounts", "mutatingwebhookconfigurations", "namespaces"})
"""The kinds whose change is a reason to try failed work again."""


class ControllerManager:
    """The controllers of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: dict[Key, None] = {}
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._task: asyncio.Task[None] | None = None
        self._cancel_watch = world.cluster.changes.watch(self._changed)

    async def settle(self, seconds: float) -> None:
        """Waits until there is nothing left to do, at most `seconds`. Retries do not count."""
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=seconds)

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Inside, changes are ignored, because an earlier moment is being restored. Afterwards all work is looked up
        again."""
        self.stop()
        try:
            yield
        finally:
            self._cancel_watch = self._world.cluster.changes.watch(self._changed)
            for plural in _SYNCS.keys() - {"gone"}:
                for stored in self._world.cluster.scan(plural):
                    self._enqueue((plural, *key_of(stored.object)))

    def clock_moved(self) -> None:
        """Has the Jobs look at the clock again."""
        for stored in self._world.cluster.scan("jobs"):
            self._enqueue(("jobs", *key_of(stored.object)))

    def stop(self) -> None:
        """Ends all work."""
        self._cancel_watch()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._failures.clear()
        self._queue.clear()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _changed(self, change: Change) -> None:
        if change.resource in ("events", "endpointslices"):
            return
        body = change.stored.object
        namespace, name = key_of(body)
        if change.type == "DELETED":
            self._failures.pop((change.resource, namespace, name), None)
            if (timer := self._timers.pop((change.resource, namespace, name), None)) is not None:
                timer.cancel()
            if change.resource in _OWNERS and has_dependents(self._world, namespace, body["metadata"]["uid"]):
                self._enqueue(("gone", namespace, body["metadata"]["uid"]))
        elif change.resource in _SYNCS:
            self._enqueue((change.resource, namespace, name))
        if (owner := controller_of(body)) is not None and (plural := PLURALS.get(owner["kind"])) in _SYNCS:
            self._enqueue((str(plural), namespace, owner["name"]))
        if change.resource == "pods":
            self._pod_changed(namespace, body, orphaned=owner is None)
        elif change.resource == "clusterroles":
            for stored in self._world.cluster.scan("clusterroles"):
                if "aggregationRule" in stored.object:
                    self._enqueue(("clusterroles", *key_of(stored.object)))
        elif change.resource == "nodes":
            for stored in self._world.cluster.scan("daemonsets"):
                self._enqueue(("daemonsets", *key_of(stored.object)))
        elif change.resource in _CAUSES:
            for key in [key for key in self._failures if key[1] == (namespace or key[1])]:
                self._enqueue(key)

    def _pod_changed(self, namespace: str, pod: JsonObject, *, orphaned: bool) -> None:
        labels = pod["metadata"].get("labels", {})
        if not labels:
            return
        for stored in self._world.cluster.scan("services", namespace):
            selector = stored.object["spec"].get("selector")
            if selector and matches_selector({"matchLabels": selector}, labels):
                self._enqueue(("services", *key_of(stored.object)))
        if orphaned:
            for stored in self._world.cluster.scan("replicasets", namespace):
                if matches_selector(stored.object["spec"]["selector"], labels):
                    self._enqueue(("replicasets", *key_of(stored.object)))

    def _enqueue(self, key: Key) -> None:
        self._queue[key] = None
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._queue:
            key = next(iter(self._queue))
            del self._queue[key]
            await asyncio.sleep(min(self._world.usage.wait(), PATIENCE_SECONDS))
            try:
                await self._sync(key)
            except ApiError:
                self._try_again(key)
            except Exception:
                _log.exception("A controller failed at %s", key)
            else:
                self._failures.pop(key, None)

    async def _sync(self, key: Key) -> None:
        plural, namespace, name = key
        began = self._world.clock.now()
        if plural in garbage_collector.OWNERS:
            await garbage_collector.finish_foreground(self._world, plural, namespace, name)
        await _SYNCS[plural](self._world, namespace, name)
        if plural == "jobs" and (stored := self._world.cluster.find(plural, namespace, name)) is not None:
            moment = job.due(stored.object)
            if moment is not None and moment > began:  # it may have come meanwhile
                self._come_back(key, max(moment - self._world.clock.now(), 0.0))

    def _come_back(self, key: Key, seconds: float) -> None:
        if key in self._timers:
            self._timers[key].cancel()
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self._retry, key)

    def _try_again(self, key: Key) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        if failures <= RETRIES:
            self._come_back(key, RETRY_SECONDS * 2 ** (failures - 1))

    def _retry(self, key: Key) -> None:
        self._timers.pop(key, None)
        self._enqueue(key)
