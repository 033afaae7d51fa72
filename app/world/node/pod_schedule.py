"""When the kubelet has something to do for a Pod without being asked, and what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.world.node.pod_worker import PodWorker

SYNC_SECONDS = 60.0
"""Between two looks of the kubelet at what it could not do, or at what has changed (`syncFrequency`)."""


class PodSchedule:
    """The moments of one Pod: Unix seconds by the node's clock. None: there is nothing to do."""

    def __init__(self, worker: PodWorker, now: Callable[[], float]) -> None:
        """`now`: the node's clock."""
        self._worker: PodWorker | None = worker
        self._now = now
        self._looked = now()
        """When the volumes were looked at last."""
        self._changed: float | None = None
        """When something changed that the volumes are made of; None where they are up to date."""

    def stop(self) -> None:
        """There is nothing to do any more. The worker is not kept: it keeps this."""
        self._worker = None

    def looked(self) -> None:
        """The volumes are looked at now."""
        self._looked, self._changed = self._now(), None

    @property
    def kept(self) -> tuple[float, float | None]:
        """When the volumes were looked at last, and when something changed since."""
        return self._looked, self._changed

    def recall(self, looked: float, changed: float | None) -> None:
        """Makes it what was kept."""
        self._looked, self._changed = looked, changed

    def source_changed(self, resource: str, name: str) -> bool:
        """A ConfigMap or a Secret is another one now: the volumes that are made of it follow at the next look.

        Returns whether that is new.
        """
        if self._worker is None or self._changed is not None or not self._worker.has_volume_of(resource, name):
            return False
        self._changed = self._now()
        return True

    @property
    def due(self) -> float | None:
        """When the next thing is to be done; also None until what is on its way has ended."""
        if self._worker is None or self._worker.is_busy:
            return None
        moments = (_restart_due(self._worker), self._look_due(self._worker))
        return min((it for it in moments if it is not None), default=None)

    def _look_due(self, worker: PodWorker) -> float | None:
        """When the volumes are looked at: what they are made of has changed, or something could not be set up."""
        unset = any(it.waiting == "CreateContainerConfigError" for it in worker.containers)
        since = self._looked if unset or worker.waits_for_volumes else self._changed
        return None if since is None else since + SYNC_SECONDS

    async def do_what_is_due(self, now: float, *, renew: bool) -> None:
        """Looks at the volumes where that is due, or a token in them is to be renewed; starts what has backed off.

        A renewal alone starts nothing: where the clock is moved meanwhile, a process would get the token of before.
        """
        worker = self._worker
        if worker is None:
            return
        restart_due, look_due = _restart_due(worker), self._look_due(worker)
        restarts = restart_due is not None and restart_due <= now
        looks = look_due is not None and look_due <= now
        if worker.waits_for_volumes:
            if looks:
                await worker.start()
            return
        if looks or renew:
            await worker.look()
        if looks or restarts:
            await worker.run_containers()


def _restart_due(worker: PodWorker) -> float | None:
    return min((it.restart for it in worker.containers if it.restart is not None), default=None)
