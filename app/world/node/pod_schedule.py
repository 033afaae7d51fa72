"""When the kubelet has to do something for a Pod by itself, and what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.world.node.pod_worker import PodWorker

SYNC_SECONDS = 60.0
"""Seconds between two tries of the kubelet at what failed, and between two looks at what has changed
(`syncFrequency`)."""


class PodSchedule:
    """The next moments of work for one Pod: Unix seconds by the node's clock. None: there is nothing to do."""

    def __init__(self, worker: PodWorker, now: Callable[[], float]) -> None:
        """`now`: the node's clock."""
        self._worker: PodWorker | None = worker
        self._now = now
        self._looked = now()
        """When the volumes were looked at last."""
        self._changed: float | None = None
        """When a source of the volumes changed that they do not have yet; None where they are up to date."""

    def stop(self) -> None:
        """Ends the schedule, and drops the worker, which refers to it."""
        self._worker = None

    def looked(self) -> None:
        """Records that the volumes are looked at now."""
        self._looked, self._changed = self._now(), None

    @property
    def kept(self) -> tuple[float, float | None]:
        """When the volumes were looked at last, and when something changed since."""
        return self._looked, self._changed

    def recall(self, looked: float, changed: float | None) -> None:
        """Restores these two times."""
        self._looked, self._changed = looked, changed

    def source_changed(self, resource: str, name: str) -> bool:
        """Records that a ConfigMap or a Secret has changed: the volumes with its files follow at the next look.

        Returns whether this sets a new moment.
        """
        if self._worker is None or self._changed is not None or not self._worker.has_volume_of(resource, name):
            return False
        self._changed = self._now()
        return True

    @property
    def due(self) -> float | None:
        """When the next work is due; None where there is none. While work is in progress only the Pod's deadline is."""
        if self._worker is None:
            return None
        if self._worker.is_busy:
            return self._worker.deadline
        moments = (_restart_due(self._worker), self._look_due(self._worker), self._worker.deadline)
        return min((it for it in moments if it is not None), default=None)

    def _look_due(self, worker: PodWorker) -> float | None:
        """When the volumes have to be looked at, because one of their sources has changed or one could not be set
        up."""
        unset = any(it.waiting == "CreateContainerConfigError" for it in worker.containers)
        since = self._looked if unset or worker.lacks_volumes else self._changed
        return None if since is None else since + SYNC_SECONDS

    async def do_what_is_due(self, now: float, *, renew: bool) -> None:
        """Looks at the volumes if that is due, or if a token in them has to be renewed; starts containers whose
        back-off has ended.

        A renewal alone starts nothing: if the clock is moved meanwhile, a process would get the previous token.
        """
        worker = self._worker
        if worker is None:
            return
        restart_due, look_due = _restart_due(worker), self._look_due(worker)
        restarts = restart_due is not None and restart_due <= now
        looks = look_due is not None and look_due <= now
        if worker.lacks_volumes:
            if looks:
                await worker.start()
            return
        if looks or renew:
            await worker.look()
        if looks or restarts:
            await worker.run_containers()


def _restart_due(worker: PodWorker) -> float | None:
    if worker.has_ended:
        return None
    return min((it.restart for it in worker.containers if it.restart is not None), default=None)
