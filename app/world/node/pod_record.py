"""What a node writes about one Pod to the API server: its node, its status, its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject, Step
from app.flow.times import timestamp
from app.world.apiserver.types.errors import ApiError
from app.world.node.event_recorder import record_event
from app.world.node.pod_status import ContainerState
from app.world.node.scheduling import is_gated, refusal

if TYPE_CHECKING:
    from app.world.world import World


class PodRecord:
    """The record of one Pod. Once the Pod is gone, nothing more is written."""

    def __init__(self, world: World, pod: JsonObject) -> None:
        self._world = world
        self.pod = pod
        """The Pod as it was bound."""
        self.closed = False

    def close(self) -> None:
        """Stops all writing, because the Pod is gone."""
        self.closed = True

    def bind(self) -> bool:
        """Does the scheduler's part: there is one node. Returns whether the Pod has been bound to it."""
        if self.pod["spec"].get("nodeName"):
            return True
        metadata, cluster, node = self.pod["metadata"], self._world.cluster, self._world.node_name
        try:
            pod = cluster.read("pods", metadata["namespace"], metadata["name"]).object
            if is_gated(pod):
                return False
            found = cluster.find("nodes", "", node)
            if why := refusal(pod, found.object if found is not None else None):
                self._report_unscheduled(pod, why)
                return False
            self.pod = cluster.put("pods", {**pod, "spec": {**pod["spec"], "nodeName": node}})
        except ApiError:
            return False  # the Pod is gone already, or the cluster is full
        message = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
        self.event("Scheduled", message, component="default-scheduler", host="")
        return True

    def _report_unscheduled(self, pod: JsonObject, why: str) -> None:
        """Writes that no node takes the Pod, which stays pending. Raises `ApiError`."""
        condition = {"type": "PodScheduled", "status": "False", "lastProbeTime": None, "reason": "Unschedulable"}
        old: JsonObject = next(iter((pod.get("status") or {}).get("conditions", [])), {})
        since = old.get("lastTransitionTime") or timestamp(self._world.clock.now())
        condition |= {"message": why, "lastTransitionTime": since}
        status = {**(pod.get("status") or {}), "conditions": [condition]}
        if status != pod.get("status"):
            self._world.cluster.put("pods", {**pod, "status": status})
        self.event("FailedScheduling", why, warning=True, component="default-scheduler", host="")

    def publish(self, status: JsonObject) -> None:
        """Writes the Pod's status, if the Pod still exists and the status differs."""
        if self.closed:
            return
        metadata, cluster = self.pod["metadata"], self._world.cluster
        try:
            pod = cluster.read("pods", metadata["namespace"], metadata["name"]).object
            if pod.get("status") != status:
                cluster.put("pods", {**pod, "status": status})
                self._notice(status)
        except ApiError as error:
            self.closed = error.code == 404

    def _notice(self, status: JsonObject) -> None:
        """Reports the Pod's state to the open pages; for a waiting container its reason, as `kubectl get pods` shows
        it."""
        states = (each["state"].get("waiting", {}) for each in status["containerStatuses"])
        self._world.log.events.record(
            tool="kubelet",
            verb=next((state["reason"] for state in states if state), status["phase"]),
            kind="Pod",
            namespace=self.pod["metadata"]["namespace"],
            name=self.pod["metadata"]["name"],
            step=Step.TOKEN_MOUNT,
            status=200,
            changes=True,
            learners=False,
        )

    def report_back_off(self, state: ContainerState, field_path: str) -> None:
        """Writes into a container's state and the Pod's events that its next process waits for a back-off."""
        name, namespace, uid = (self.pod["metadata"][key] for key in ("name", "namespace", "uid"))
        pod = f"{name}_{namespace}({uid})"
        state.waiting = "CrashLoopBackOff"
        state.waiting_message = f"back-off {state.back_off:.0f}s restarting failed container={state.name} pod={pod}"
        said = f"Back-off restarting failed container {state.name} in pod {pod}"
        self.event("BackOff", said, warning=True, field_path=field_path)

    def event(
        self,
        reason: str,
        message: str,
        *,
        warning: bool = False,
        component: str = "kubelet",
        host: str | None = None,
        field_path: str = "",
    ) -> None:
        """Records an event about the Pod, or about the container that `field_path` names."""
        if self.closed:
            return
        record_event(
            self._world.cluster,
            involved=self.pod,
            reason=reason,
            message=message,
            type="Warning" if warning else "Normal",
            component=component,
            host=self._world.node_name if host is None else host,
            field_path=field_path,
        )
