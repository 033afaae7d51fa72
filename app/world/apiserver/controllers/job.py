"""Jobs: Pods that run to their end, until enough have succeeded (`pkg/controller/job/job_controller.go`).

A Job that has ended goes after its `ttlSecondsAfterFinished` (`pkg/controller/ttlafterfinished`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.controllers.owned import (
    Writer,
    counts,
    is_active,
    is_ready,
    owned,
    put_status,
    to_look_after,
    victims,
)

if TYPE_CHECKING:
    from app.world.world import World

_FAILURES = {
    "BackoffLimitExceeded": "Job has reached the specified backoff limit",
    "DeadlineExceeded": "Job was active longer than specified deadline",
}
"""What is said of a Job that has failed, by the reason."""
_PAUSE = "Suspended"
"""The condition of a Job that is suspended, or was."""


def due(body: JsonObject) -> float | None:
    """When a Job will have been active for too long, or be gone after its end: Unix seconds. None where neither
    comes."""
    spec, status = body["spec"], body.get("status", {})
    if (ended := _ending(status)) is not None:
        seconds, since = spec.get("ttlSecondsAfterFinished"), ended.get("lastTransitionTime")
    else:
        is_timed = not (spec.get("suspend") or _is_suspended(status.get("conditions", [])))
        seconds, since = spec.get("activeDeadlineSeconds") if is_timed else None, status.get("startTime")
    return None if seconds is None or since is None else datetime.fromisoformat(since).timestamp() + float(seconds)


def _ending(status: JsonObject) -> JsonObject | None:
    """The condition that says that a Job has ended, and how."""
    conditions = status.get("conditions", [])
    return next((each for each in conditions if each["type"] in ("Complete", "Failed")), None)


async def sync(world: World, namespace: str, name: str) -> None:
    """Creates the Pods that a Job still needs, deletes those that it does not, sets how it ended, or removes it.

    Raises `ApiError`.
    """
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
    now = timestamp(world.clock.now())
    pods = owned(world, "pods", body)
    succeeded, failed = (
        [pod for pod in pods if pod.get("status", {}).get("phase") == phase] for phase in ("Succeeded", "Failed")
    )
    active, spec = [pod for pod in pods if is_active(pod)], body["spec"]
    conditions, is_suspended = status.get("conditions", []), bool(spec.get("suspend"))
    completions, parallelism = spec.get("completions"), spec["parallelism"]
    wanted = completions if completions is not None else (1 if succeeded else parallelism)
    starts = status.get("startTime") or (None if is_suspended else now)
    gave_up = len(failed) > spec["backoffLimit"] or _restarted_too_often(spec, active)
    if gave_up or is_due:
        for pod in active:
            await writer.delete_pod(body, pod)
        reason = "BackoffLimitExceeded" if gave_up else "DeadlineExceeded"
        why = {"reason": reason, "message": _FAILURES[reason]}
        conditions = [*conditions, _condition("FailureTarget", now, why), _condition("Failed", now, why)]
        writer.event(body, reason, _FAILURES[reason], warning=True)
    elif len(succeeded) >= wanted and (completions is not None or not active):
        why = {"reason": "CompletionsReached", "message": "Reached expected number of succeeded pods"}
        conditions = [*conditions, _condition("SuccessCriteriaMet", now, why), _condition("Complete", now, why)]
        writer.event(body, "Completed", "Job completed")
    else:
        if is_suspended:
            most = 0
        elif completions is None and succeeded:  # one success is enough: those that run go on, and no other one begins
            most = len(active)
        else:
            most = min(parallelism, wanted - len(succeeded))
        for pod in victims(active, len(active) - most):
            await writer.delete_pod(body, pod)
        for _ in range(most - len(active)):
            await writer.create_pod(body, {"generateName": f"{name}-"}, spec["template"])
        if is_suspended is not _is_suspended(conditions):
            word = "Suspended" if is_suspended else "Resumed"
            why = {"reason": f"Job{word}", "message": f"Job {word.lower()}"}
            others = [each for each in conditions if each["type"] != _PAUSE]
            conditions = [*others, _condition(_PAUSE, now, why, holds=is_suspended)]
            writer.event(body, word, why["message"])
            starts = starts if is_suspended else now
    active = [pod for pod in owned(world, "pods", body) if is_active(pod)]
    result: JsonObject = {
        **({"conditions": conditions} if conditions else {}),
        **({"startTime": starts} if starts else {}),
        **({"completionTime": now} if conditions and conditions[-1]["type"] == "Complete" else {}),
        **counts(active=len(active), succeeded=len(succeeded), failed=len(failed)),
        "terminating": 0,
        "uncountedTerminatedPods": {},
        "ready": sum(map(is_ready, active)),
    }
    put_status(world, "jobs", body, result)


def _restarted_too_often(spec: JsonObject, active: list[JsonObject]) -> bool:
    """Whether the containers of a Job's Pods were started again too often (`pastBackoffLimitOnFailure`)."""
    if spec["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    limit: int = spec["backoffLimit"]
    restarts: int = sum(
        container.get("restartCount", 0)
        for pod in active
        for kind in ("initContainerStatuses", "containerStatuses")
        for container in pod.get("status", {}).get(kind, [])
    )
    return restarts >= max(limit, 1)


def _is_suspended(conditions: list[JsonObject]) -> bool:
    return any(each["type"] == _PAUSE and each["status"] == "True" for each in conditions)


def _condition(kind: str, now: str, why: JsonObject, *, holds: bool = True) -> JsonObject:
    return {"type": kind, "status": str(holds), "lastProbeTime": now, "lastTransitionTime": now, **why}
