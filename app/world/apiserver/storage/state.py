"""The objects of one cluster, in memory, with their versions and caps: the part that etcd plays.

Objects are kept as JSON text. Each reader gets a fresh copy, so only `put` can change what is stored.
All that writes runs on the servers' one loop, so there are no locks. Pages read in threads of their own.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.storage.changes import ChangeLog
from app.world.apiserver.storage.stored import Key, Stored
from app.world.apiserver.types import errors
from app.world.apiserver.types.resources import RESOURCES
from app.world.clock import WorldClock

OBJECT_LIMIT = 1000
"""Objects in one cluster, events apart."""
BYTES_LIMIT = 2 * 1024 * 1024
"""Bytes of JSON in one cluster, events apart. The lessons' take 50 kB; etcd takes 1.5 MB for one object."""
VALUES_LIMIT = 30_000
"""Values in all these objects. In memory each takes some 150 bytes, however short it is. A lesson's Pod has 250."""
EVENT_LIMIT = 300
"""Events in one cluster. A new one drops the oldest, where a real cluster drops them after an hour."""
EVENT_BYTES = 256 * 1024
"""Bytes of JSON in these events. One of the kubelet's has 700."""


_key = itemgetter(0)


class ClusterState:
    """The store of one cluster. Reads raise `ApiError` 404; writes raise 409 and 429."""

    def __init__(self, clock: WorldClock) -> None:
        self.clock = clock
        self.changes = ChangeLog()
        self._objects: dict[str, dict[Key, Stored]] = {plural: {} for plural in RESOURCES}
        self.bytes = self.values = 0
        """Of all objects but events."""

    # (1) Reading

    def find(self, resource: str, namespace: str | None, name: str) -> Stored | None:
        """The stored object, or None."""
        return self._objects[resource].get((namespace or "", name))

    def read(self, resource: str, namespace: str | None, name: str) -> Stored:
        """The stored object. Raises `ApiError` 404."""
        stored = self.find(resource, namespace, name)
        if stored is None:
            raise errors.not_found(RESOURCES[resource], name)
        return stored

    def get(self, resource: str, namespace: str | None, name: str) -> JsonObject:
        """A copy of the object. Raises `ApiError` 404."""
        return self.read(resource, namespace, name).copy()

    def scan(self, resource: str, namespace: str | None = None) -> Iterator[Stored]:
        """The stored objects of one namespace, or of all, ordered by namespace and name as etcd orders its keys.

        Those that there are at the first one: what is changed or deleted meanwhile makes no difference.
        """
        for key, stored in sorted(self._objects[resource].items(), key=_key):
            if not namespace or key[0] == namespace:
                yield stored

    def list(self, resource: str, namespace: str | None = None) -> list[JsonObject]:
        """Copies of the objects of one namespace, or of all."""
        return [stored.copy() for stored in self.scan(resource, namespace)]

    # (2) Writing

    def put(self, resource: str, body: JsonObject, *, expect: str | None = None) -> JsonObject:
        """Stores `body` under its own namespace and name, with a new resource version; returns a copy.

        A new object gets the uid and creation time it lacks. `expect` is the resource version that must be stored now,
        empty for "nothing may be stored yet": else 409. Reaching a cap is 429.
        """
        served = RESOURCES[resource]
        body = dict(body)
        metadata: JsonObject = dict(body.get("metadata") or {})
        key = (metadata.get("namespace") or "", metadata["name"])
        previous = self._objects[resource].get(key)
        if expect is not None:
            self._check(resource, key[1], previous, expect)
        if resource == "events":
            self._make_room_for_event(key, len(json.dumps(body)))  # first of all: each that goes takes a version
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", timestamp(self.clock.now()))
        metadata["resourceVersion"] = str(self.changes.next_version)
        document = {"kind": served.kind, "apiVersion": served.api_version, "metadata": metadata}
        document |= {field: value for field, value in body.items() if field not in document}
        text = json.dumps(document, separators=(",", ":")).encode()
        stored = Stored(text)
        if resource != "events":
            self._take_room(previous, stored)
        self._objects[resource][key] = stored
        self._commit("MODIFIED" if previous else "ADDED", resource, key, stored, previous)
        return stored.copy()

    def delete(self, resource: str, namespace: str | None, name: str) -> JsonObject:
        """Removes the object and returns a copy of it. Raises `ApiError` 404."""
        previous = self.read(resource, namespace, name)
        self._drop(resource, (namespace or "", name), previous)
        return previous.copy()

    # (3) Going back

    def snapshot(self) -> Mapping[str, Mapping[Key, Stored]]:
        """All objects, by resource."""
        return {resource: dict(objects) for resource, objects in self._objects.items()}

    def restore(self, snapshot: Mapping[str, Mapping[Key, Stored]]) -> None:
        """Makes the objects what they were, their own resource versions included.

        Each change by that is a commit of its own with a new version, so that watchers learn of it.
        """
        for resource, wanted in snapshot.items():
            present = self._objects[resource]
            for key, stored in list(present.items()):
                if key not in wanted or wanted[key].object["metadata"]["uid"] != stored.object["metadata"]["uid"]:
                    self._drop(resource, key, stored)
            changed = {key: stored for key, stored in wanted.items() if present.get(key) is not stored}
            self._objects[resource] = dict(wanted)  # in that order: the oldest event is the first to go
            for key, stored in changed.items():
                previous = present.get(key)
                stored.reinstate()
                self._commit("MODIFIED" if previous else "ADDED", resource, key, stored, previous)
        self._count()

    def load(self, objects: Iterable[tuple[str, Stored]], version: int) -> None:
        """Makes the objects those of an earlier process, by resource; no watcher learns of it."""
        self._objects = {plural: {} for plural in RESOURCES}
        for resource, stored in objects:
            metadata = stored.object["metadata"]
            self._objects[resource][metadata.get("namespace") or "", metadata["name"]] = stored
        self.changes.resume(version)
        self._count()

    # (4) Inside

    def _count(self) -> None:
        counted = [kept.values() for resource, kept in self._objects.items() if resource != "events"]
        self.bytes = sum(len(stored.text) for kept in counted for stored in kept)
        self.values = sum(stored.values for kept in counted for stored in kept)

    def _check(self, resource: str, name: str, previous: Stored | None, expect: str) -> None:
        if expect == "" and previous is not None:
            raise errors.already_exists(RESOURCES[resource], name)
        if expect != "" and (previous is None or previous.object["metadata"]["resourceVersion"] != expect):
            raise errors.conflict(RESOURCES[resource], name, errors.MODIFIED)

    def _make_room_for_event(self, key: Key, size: int) -> None:
        if size > EVENT_BYTES:
            raise errors.too_many_requests(f"this simulated cluster holds at most {EVENT_BYTES} bytes of events")
        events = self._objects["events"]
        others = {other: len(stored.text) for other, stored in events.items() if other != key}
        total = sum(others.values())
        for oldest, given_back in others.items():
            if len(events) - (key in events) < EVENT_LIMIT and total + size <= EVENT_BYTES:
                break
            total -= given_back
            self._drop("events", oldest, events[oldest])

    def _take_room(self, previous: Stored | None, stored: Stored) -> None:
        count = sum(len(objects) for plural, objects in self._objects.items() if plural != "events")
        more_bytes = len(stored.text) - (len(previous.text) if previous else 0)
        more_values = stored.values - (previous.values if previous else 0)
        for is_full, what in (
            (previous is None and count >= OBJECT_LIMIT, f"{OBJECT_LIMIT} objects"),
            (more_bytes > 0 and self.bytes + more_bytes > BYTES_LIMIT, f"{BYTES_LIMIT} bytes of objects"),
            (more_values > 0 and self.values + more_values > VALUES_LIMIT, f"{VALUES_LIMIT} values in its objects"),
        ):
            if is_full:
                raise errors.too_many_requests(f"this simulated cluster holds at most {what}")
        self.bytes += more_bytes
        self.values += more_values

    def _drop(self, resource: str, key: Key, previous: Stored) -> None:
        del self._objects[resource][key]
        if resource != "events":
            self.bytes -= len(previous.text)
            self.values -= previous.values
        last = previous.copy()
        last["metadata"]["resourceVersion"] = str(self.changes.next_version)
        gone = Stored(json.dumps(last, separators=(",", ":")).encode())
        self._commit("DELETED", resource, key, gone, previous)
        gone.retire()

    def _commit(self, type: str, resource: str, key: Key, stored: Stored, previous: Stored | None) -> None:
        self.changes.commit(type, resource, key[0], stored, previous)
        if previous is not None:
            previous.retire()
