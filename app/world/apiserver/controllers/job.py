"""Jobs: Pods that run to their end, until enough have succeeded (`pkg/controller/job/job_controller.go`).

A Job that has ended goes after its `ttlSecondsAfterFinished` (`pkg/controller/ttlafterfinished`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.controllers.owned import Writer, counts, is_active, is_ready, owned, put_status, to_look_after

if TYPE_CHECKING:
    from app.world.world import World

_FAILURES = {
    "BackoffLimitExceeded": "Job has reached the specified backoff limit",
    "DeadlineExceeded": "Job was active longer than specified deadline",
}
"""What is said of a Job that has failed, by the reason."""


def due(body: JsonObject) -> float | None:
    """When a Job will have been active for too long, or be gone after its end: Unix seconds. None where neither
    comes."""
    spec, status = body["spec"], body.get("status", {})
    if (ended := _ending(status)) is not None:
        seconds, since = spec.get("ttlSecondsAfterFinished"), ended.get("lastTransitionTime")
    else:
        seconds, since = spec.get("activeDeadlineSeconds"), status.get("startTime")
    return None if seconds is None or since is None else datetime.fromisoformat(since).timestamp() + float(seconds)


def _ending(status: JsonObject) -> JsonObject | None:
    """The condition that says that a Job has ended, and how."""
    conditions = status.get("conditions", [])
    return next((each for each in conditions if each["type"] in ("Complete", "Failed")), None)


async def sync(world: World, namespace: str, name: str) -> None:
    """Creates the Pods that a Job still needs, sets how the Job ended, or removes it. Raises `ApiError`."""
    body, writer = to_look_after(world, "jobs", namespace, name), Writer(world, "job-controller")
    if body is None:
        return
    status = body.get("status", {})
    moment = due(body)
    is_due = moment is not None and moment <= world.clock.now()
    if _ending(status) is not None:
        if is_due:
            await Writer(world, "ttl-after-finished-controller").delete("jobs", body, foreground=True)
        return
    if body["spec"].get("suspend"):
        return
    now = timestamp(world.clock.now())
    pods = owned(world, "pods", body)
    succeeded, failed = (
        [pod for pod in pods if pod.get("status", {}).get("phase") == phase] for phase in ("Succeeded", "Failed")
    )
    active, spec = [pod for pod in pods if is_active(pod)], body["spec"]
    completions, parallelism = spec.get("completions"), spec["parallelism"]
    wanted = completions if completions is not None else (1 if succeeded else parallelism)
    # A restart of a container within its Pod counts as a failure as well.
    restarts = sum(
        container.get("restartCount", 0)
        for pod in active
        for container in pod.get("status", {}).get("containerStatuses", [])
    )
    conditions: list[JsonObject] = []
    gave_up = len(failed) + restarts > spec["backoffLimit"]
    if gave_up or is_due:
        for pod in active:
            await writer.delete_pod(body, pod)
        reason = "BackoffLimitExceeded" if gave_up else "DeadlineExceeded"
        why = {"reason": reason, "message": _FAILURES[reason]}
        conditions = [_condition("FailureTarget", now, why), _condition("Failed", now, why)]
        writer.event(body, reason, _FAILURES[reason], warning=True)
    elif len(succeeded) >= wanted and (completions is not None or not active):
        why = {"reason": "CompletionsReached", "message": "Reached expected number of succeeded pods"}
        conditions = [_condition("SuccessCriteriaMet", now, why), _condition("Complete", now, why)]
        writer.event(body, "Completed", "Job completed")
    else:
        needed = min(parallelism, wanted - len(succeeded)) - len(active)
        for _ in range(needed):
            await writer.create_pod(body, {"generateName": f"{name}-"}, spec["template"])
    active = [pod for pod in owned(world, "pods", body) if is_active(pod)]
    result: JsonObject = {
        **({"conditions": conditions} if conditions else {}),
        "startTime": status.get("startTime", now),
        **({"completionTime": now} if conditions and conditions[-1]["type"] == "Complete" else {}),
        **counts(active=len(active), succeeded=len(succeeded), failed=len(failed)),
        "terminating": 0,
        "uncountedTerminatedPods": {},
        "ready": sum(map(is_ready, active)),
    }
    put_status(world, "jobs", body, result)


def _condition(kind: str, now: str, why: JsonObject) -> JsonObject:
    return {"type": kind, "status": "True", "lastProbeTime": now, "lastTransitionTime": now, **why}
