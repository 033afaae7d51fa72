"""A Pod's status as the kubelet writes it (`pkg/kubelet/status/generate.go`, `kubelet_pods.go`, `prober`)."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.node.container_log import ContainerLog

BACK_OFF_SECONDS = 10
BACK_OFF_LIMIT = 300
DEADLINE_TEXT = "Pod was active on the node longer than the specified deadline"
"""The kubelet's message about `activeDeadlineSeconds` (`pkg/kubelet/active_deadline.go`)."""
LOST = 255
"""The exit code of a process that the runtime, started again, does not find (containerd, `unknownExitCode`)."""
_PULLS = ("ErrImagePull", "ImagePullBackOff")
_NEVER_THERE = ("ErrImageNeverPull", "InvalidImageName")


@dataclass(kw_only=True)
class ContainerState:
    """The state of one container."""

    name: str
    image: str
    container_id: str = ""
    started: float | None = None
    finished: float | None = None
    """`started` and `finished` are Unix seconds by the node's clock; None where that has not happened."""
    exit_code: int | None = None
    """The exit code of its process; None while that runs."""
    message: str = ""
    """The last words of its process."""
    waiting: str = ""
    """Why it does not run, such as `CreateContainerConfigError`."""
    waiting_message: str = ""
    pulls: int = 0
    """How often its image could not be pulled."""
    pull_failed: float = 0.0
    """When the last pull failed, by the same clock."""
    restarts: int = 0
    log: ContainerLog = field(default_factory=ContainerLog)
    """The output of the present process, or of the last one."""
    previous_log: ContainerLog | None = None
    """The output of the process before that one."""
    last_state: JsonObject = field(default_factory=dict)
    """How the process before the present one ended."""

    def start(self, now: float) -> None:
        """Records that a new process runs, with a log of its own."""
        if self.started is not None:
            self.previous_log, self.last_state = self.log, self._ended()
        self.container_id = f"containerd://{secrets.token_hex(32)}"
        self.log = ContainerLog()
        self.started, self.finished, self.exit_code = now, None, None
        self.waiting = self.waiting_message = self.message = ""

    def finish(self, exit_code: int, now: float, message: str = "") -> None:
        """Records that the process has ended, and its last words."""
        self.finished, self.exit_code, self.message = now, exit_code, message
        self.log.end()

    def lose(self, now: float, *, again: bool) -> None:
        """Records that the process has ended with its node. `again`: whether the kubelet starts another one."""
        self.finish(LOST, now)
        if again:
            self.previous_log, self.last_state = self.log, self._ended()
            self.started = self.finished = self.exit_code = None
            self.restarts += 1

    def log_before(self) -> ContainerLog | None:
        """The log that `kubectl logs --previous` prints: of the newest process except the one that runs or ended for
        good."""
        return self.log if self.waiting and self.finished is not None else self.previous_log

    def renew(self, image: str) -> None:
        """Sets another image: errors of the previous image do not matter any more."""
        self.image, self.pulls = image, 0
        if self.waiting in (*_PULLS, *_NEVER_THERE):
            self.waiting = self.waiting_message = ""

    @property
    def running(self) -> bool:
        return self.started is not None and self.finished is None and not self.waiting

    @property
    def back_off(self) -> float:
        """Seconds from the end of a process to its restart."""
        return float(min(BACK_OFF_SECONDS * 2 ** min(self.restarts, 10), BACK_OFF_LIMIT))

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0

    @property
    def restart(self) -> float | None:
        """When the back-off of its pull or its start ends: Unix seconds by the node's clock. None without a
        back-off."""
        if self.waiting in _PULLS:
            return self.pull_failed + min(BACK_OFF_SECONDS * 2.0 ** min(self.pulls - 1, 10), BACK_OFF_LIMIT)
        backs_off = self.waiting == "CrashLoopBackOff" and self.finished is not None
        return (self.finished or 0.0) + self.back_off if backs_off else None

    def starts_at(self, now: float) -> bool:
        """Whether the kubelet starts it: it was never tried, could not be created so far, or has ended and its back-off
        is over."""
        if self.waiting in _NEVER_THERE:
            return False
        if self.waiting in (*_PULLS, "CrashLoopBackOff"):
            return self.restart is not None and now >= self.restart
        return self.started is None or self.waiting == "CreateContainerConfigError"

    def status(self, waits: str) -> JsonObject:
        """The entry in `containerStatuses`. `waits`: the reason why it waits where it was never tried."""
        state, last = self._states(waits)
        return {
            "name": self.name,
            "state": state,
            "lastState": last,
            "ready": self.running,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": "",
            **({"containerID": self.container_id} if self.container_id else {}),
            "started": self.running,
        }

    def _states(self, waits: str) -> tuple[JsonObject, JsonObject]:
        terminated = self._ended()
        if self.waiting:
            message = {"message": self.waiting_message} if self.waiting_message else {}
            return {"waiting": {"reason": self.waiting, **message}}, terminated
        if terminated:
            return terminated, self.last_state
        if self.started is None:
            return {"waiting": {"reason": waits}}, {}
        return {"running": {"startedAt": timestamp(self.started)}}, self.last_state

    def _ended(self) -> JsonObject:
        """The state `terminated` of the process, if it has ended."""
        if self.exit_code is None or self.started is None or self.finished is None:
            return {}
        return {
            "terminated": {
                "exitCode": self.exit_code,
                "reason": "Completed" if self.exit_code == 0 else "Error",
                **({"message": self.message} if self.message else {}),
                "startedAt": timestamp(self.started),
                "finishedAt": timestamp(self.finished),
                "containerID": self.container_id,
            }
        }


@dataclass(kw_only=True)
class PodState:
    """The state of a Pod on this node."""

    started: float
    """When the Pod was started: Unix seconds by the node's clock."""
    pod_ip: str
    host_ip: str
    qos_class: str
    restart_policy: str
    containers: list[ContainerState] = field(default_factory=list)
    init_containers: list[ContainerState] = field(default_factory=list)
    ephemeral_containers: list[ContainerState] = field(default_factory=list)
    sandbox: bool = False
    """Whether the volumes are mounted and containers may start."""
    conditions: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Type to (status, reason, time of the last change)."""
    exceeded_deadline: bool = False
    """Whether it was active for longer than `activeDeadlineSeconds`."""

    @property
    def all_containers(self) -> tuple[ContainerState, ...]:
        """All containers, init containers and ephemeral containers."""
        return (*self.containers, *self.init_containers, *self.ephemeral_containers)

    @property
    def by_member(self) -> tuple[tuple[str, list[ContainerState]], ...]:
        """The states of the containers of each member of a Pod's `spec`."""
        return (
            ("containers", self.containers),
            ("initContainers", self.init_containers),
            ("ephemeralContainers", self.ephemeral_containers),
        )

    def phase(self) -> str:
        """Pending, Running, Succeeded or Failed (`getPhase`)."""
        if self.exceeded_deadline:
            return "Failed"
        if not self.sandbox or not self.containers or any(state.started is None for state in self.containers):
            return "Failed" if self._init_failed else "Pending"
        if any(state.running or state.waiting for state in self.containers):
            return "Running"
        return "Succeeded" if all(state.succeeded for state in self.containers) else "Failed"

    @property
    def has_ended(self) -> bool:
        """Whether no container of the Pod is started any more."""
        return self.phase() in ("Succeeded", "Failed")

    @property
    def _init_failed(self) -> bool:
        """Whether an init container has failed that is not started again."""
        return any(state.exit_code and not state.waiting for state in self.init_containers)

    def status(self, now: float, sidecars: Collection[str]) -> JsonObject:
        """The Pod's whole `status`. `sidecars`: the names of the init containers that run as long as the Pod."""
        phase = self.phase()
        status: JsonObject = {
            "phase": phase,
            "conditions": self._conditions(phase, timestamp(now), sidecars),
            "hostIP": self.host_ip,
            "hostIPs": [{"ip": self.host_ip}],
            **({"reason": "DeadlineExceeded", "message": DEADLINE_TEXT} if self.exceeded_deadline else {}),
            "startTime": timestamp(self.started),
        }
        if self.sandbox:
            status |= {"podIP": self.pod_ip, "podIPs": [{"ip": self.pod_ip}]}
        waits = "PodInitializing" if self.init_containers else "ContainerCreating"
        if self.init_containers:
            status["initContainerStatuses"] = [
                state.status(waits) | ({} if state.name in sidecars else {"ready": state.succeeded})
                for state in self.init_containers
            ]
        status["containerStatuses"] = [
            state.status(waits) | ({"state": _not_located()} if self.exceeded_deadline and self._lost(state) else {})
            for state in self.containers
        ]
        if self.ephemeral_containers:  # no prober says of these that they are ready, or have started
            own = [state.status(waits) | {"ready": False} for state in self.ephemeral_containers]
            status["ephemeralContainerStatuses"] = [
                {key: value for key, value in each.items() if key != "started"} for each in own
            ]
        return {**status, "qosClass": self.qos_class}

    def _lost(self, state: ContainerState) -> bool:
        """Whether a container of an ended Pod does not run although the init containers are done (`TerminatePod` and
        `hasPodInitialized` in `pkg/kubelet/status/status_manager.go`)."""
        return state.started is None and (not self.init_containers or self.init_containers[-1].succeeded)

    def _conditions(self, phase: str, now: str, sidecars: Collection[str]) -> list[JsonObject]:
        done = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase, "")
        lasting = [state for state in self.init_containers if state.name in sidecars]
        unready = [state.name for state in (*lasting, *self.containers) if not state.running]
        ready = (False, done, "") if done else _all_but(unready, "ContainersNotReady", "unready")
        if phase == "Succeeded":
            initialized = True, done, ""
        elif any(state.container_id for state in self.containers):  # it was, though a sidecar may start again
            initialized = True, "", ""
        else:
            done_with = {state.name: state.succeeded for state in self.init_containers}
            done_with |= {state.name: state.running for state in lasting}
            incomplete = [name for name, well in done_with.items() if not well]
            initialized = _all_but(incomplete, "ContainersNotInitialized", "incomplete")
        wanted = {
            "PodReadyToStartContainers": (self.sandbox and not done, "", ""),
            "Initialized": initialized,
            "Ready": ready,
            "ContainersReady": ready,
            "PodScheduled": (True, "", ""),
        }
        conditions: list[JsonObject] = []
        for kind, (holds, why, message) in wanted.items():
            text = "True" if holds else "False"
            old = self.conditions.get(kind)
            changed = old[2] if old is not None and old[0] == text else now
            self.conditions[kind] = (text, why, changed)
            conditions.append(
                {
                    "type": kind,
                    "status": text,
                    "lastProbeTime": None,
                    "lastTransitionTime": changed,
                    **({"reason": why} if why else {}),
                    **({"message": message} if message else {}),
                }
            )
        return conditions


def _not_located() -> JsonObject:
    ended = {"exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": None, "finishedAt": None}
    return {"terminated": {**ended, "message": "The container could not be located when the pod was terminated"}}


def _all_but(lacking: list[str], why: str, how: str) -> tuple[bool, str, str]:
    """Whether a condition on all containers holds, which it does not for `lacking`; its reason and message if not."""
    return (False, why, f"containers with {how} status: [{' '.join(lacking)}]") if lacking else (True, "", "")


def is_sidecar(container: JsonObject) -> bool:
    """Whether it is an init container that runs as long as the Pod. Other init containers have no restart policy of
    their own."""
    return bool(container.get("restartPolicy") == "Always")
