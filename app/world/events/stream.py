"""The events of one world: numbered, the newest 256 kept, and a call for each listener when one is added."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.flow.model import JsonObject, Step
from app.flow.visible import visible

KEPT = 256
"""Events that a page may resume from. One that is further behind reads the world again."""
NAME_LIMIT = 253
"""Characters of an object's name (RFC 1123 subdomain)."""
TEXT_LIMIT = 64
"""Characters of every other text. With all texts at their limit the events of a world take less than 1 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One request to the world, after its answer."""

    number: int
    """One more than that of the event before."""
    tool: str
    """Such as `kubectl`, `aws`, `boto3`; `kubelet` for the world's node. Empty where the sender does not say."""
    command: str
    """The tool's command, such as `annotate` or `s3 ls`; empty where the tool does not say."""
    verb: str
    """Kubernetes' verb with the subresource, or AWS's action; empty where a page changed the world (`turn`)."""
    kind: str
    """The kind of the object: `ServiceAccount`, `Role`, `Bucket`; empty where the request is about none."""
    namespace: str
    name: str
    step: Step | None
    """The one that it touches."""
    status: int
    """HTTP's."""
    changes: bool
    """Whether it may have changed what a page shows."""
    run: str
    """An id that all requests of one run of `kubectl` have, and no others; empty where the tool does not say."""

    @property
    def document(self) -> JsonObject:
        """For the browser: the step by its number, from 1; 0 where it touches none."""
        return {
            "number": self.number,
            "tool": self.tool,
            "command": self.command,
            "verb": self.verb,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "step": list(Step).index(self.step) + 1 if self.step else 0,
            "status": self.status,
            "changes": self.changes,
            "run": self.run,
        }


class EventStream:
    """Events are added, read and listened to from any thread."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(8)
        """Every stream counts from 1, so a client that resumes says by this name which stream it means."""
        self.number = 0
        """The number of the newest event."""
        self.changed = 0
        """The number of the newest event that may have changed what a page shows."""
        self.is_closed = False
        """Whether its world is gone."""
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._listeners: list[Callable[[], None]] = []
        self._quiet = 0

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Inside, this app works on the world: what its servers, node and Pods ask because of that is no event.

        What the learner's tools ask meanwhile is.
        """
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def record(
        self,
        *,
        tool: str,
        verb: str,
        status: int,
        changes: bool,
        learners: bool,
        command: str = "",
        kind: str = "",
        namespace: str = "",
        name: str = "",
        step: Step | None = None,
        run: str = "",
    ) -> None:
        """Adds one event. `learners`: whether the request had the credentials of the world's learner."""
        if self._quiet and not learners:
            return
        with self._lock:
            self.number += 1
            self._events.append(
                Event(
                    number=self.number,
                    tool=_text(tool),
                    command=_text(command),
                    verb=_text(verb),
                    kind=_text(kind),
                    namespace=_text(namespace),
                    name=_text(name, NAME_LIMIT),
                    step=step,
                    status=status,
                    changes=changes,
                    run=_text(run),
                )
            )
            if changes:
                self.changed = self.number
        self._wake()

    def turn(self) -> None:
        """Has the open pages follow what one of them did to the whole world. It was no request, so it has no verb."""
        self.record(tool="", verb="", status=200, changes=True, learners=True)

    def after(self, number: int) -> tuple[Event, ...] | None:
        """The events after that one, oldest first; None where some of them are not kept any more, or never were."""
        with self._lock:
            if not self.number - len(self._events) <= number <= self.number:
                return None
            return tuple(event for event in self._events if event.number > number)

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls `callback`, which must not block, after each event and at the end. The returned function ends that."""
        with self._lock:
            self._listeners.append(callback)

        def cancel() -> None:
            with self._lock:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return cancel

    def close(self) -> None:
        """Its world is gone: says so to the listeners."""
        self.is_closed = True
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for callback in listeners:
            callback()


def _text(text: str, limit: int = TEXT_LIMIT) -> str:
    return visible(text[:limit], keep="")[:limit]
