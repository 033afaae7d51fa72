"""Jobs: Pods that run to their end, until enough have succeeded (`pkg/controller/job/job_controller.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.controllers.owned import Writer, counts, is_active, is_ready, owned, put_status, to_look_after

if TYPE_CHECKING:
    from app.world.world import World

_LIMIT_TEXT = "Job has reached the specified backoff limit"


async def sync(world: World, namespace: str, name: str) -> None:
    """Creates the Pods that a Job still needs, or sets how the Job ended. Raises `ApiError`."""
    body, writer = to_look_after(world, "jobs", namespace, name), Writer(world, "job-controller")
    if body is None:
        return
    status = body.get("status", {})
    if any(each["type"] in ("Complete", "Failed") for each in status.get("conditions", [])):
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
    if len(failed) + restarts > spec["backoffLimit"]:
        for pod in active:
            await writer.delete_pod(body, pod)
        active, why = [], {"reason": "BackoffLimitExceeded", "message": _LIMIT_TEXT}
        conditions = [_condition("FailureTarget", now, why), _condition("Failed", now, why)]
        writer.event(body, "BackoffLimitExceeded", _LIMIT_TEXT, warning=True)
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
