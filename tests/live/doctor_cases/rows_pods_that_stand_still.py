"""Rows about Pods that do not run, and about Pods in which nothing can be executed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from app.flow.json_access import get_str
from app.flow.model import JsonValue
from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import DISTROLESS, Cluster

IMAGE = "registry.invalid/aws-cli:latest"
ENDED = {"startedAt": "2026-11-27T07:34:14Z", "finishedAt": "2026-11-27T07:34:14Z", "containerID": "containerd://1"}


def _waiting(reason: str, message: str = "", name: str = "app", last: JsonValue = None) -> JsonValue:
    state = {"waiting": {"reason": reason, "message": message}}
    return {
        **{"name": name, "image": IMAGE, "imageID": "", "ready": False, "restartCount": 3 if last else 0},
        **{"state": state, "lastState": last or {}, "containerID": "containerd://1" if last else ""},
    }


def _ended(code: int, reason: str = "Error") -> JsonValue:
    return {"terminated": {"exitCode": code, "reason": reason, **ENDED}}


def _stands(
    phase: str, *statuses: JsonValue, events: Sequence[Mapping[str, JsonValue]] = (), **more: JsonValue
) -> Callable[[Cluster], None]:
    """A healthy chain, whose Pod's status is this."""

    def make(cluster: Cluster) -> None:
        cluster.role()
        cluster.service_account()
        inits = [{"name": it["name"], "image": it["image"]} for it in more.get("initContainerStatuses", ())]
        cluster.deployment({"initContainers": inits} if inits else None, image=IMAGE)
        cluster.status({"phase": phase, "containerStatuses": list(statuses), "conditions": [], **more}, events)

    return make


def _completed(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    cluster.pod()
    done = {"name": "app", "image": IMAGE, "imageID": "", "ready": False, "restartCount": 0}
    cluster.status({"phase": "Succeeded", "containerStatuses": [{**done, "state": _ended(0, "Completed")}]})


def _distroless(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    cluster.deployment(image=f"gcr.io/{DISTROLESS}/app:latest", command=["/app"])


def _distroless_and_at_work(cluster: Cluster) -> None:
    """Its program has called STS, as an SDK does, with the token that the kubelet mounts."""
    _distroless(cluster)
    pod = cluster.pods()[-1]
    cluster.status({"startTime": get_str(pod, "metadata", "creationTimestamp")})
    sts = boto3.client(
        "sts",
        endpoint_url=cluster.eks.simulation.aws_url,
        region_name=cluster.eks.world.region,
        config=Config(signature_version=UNSIGNED),
    )
    token = cluster.projected_token(pod)
    sts.assume_role_with_web_identity(RoleArn=cluster.role_arn, RoleSessionName="app", WebIdentityToken=token)


def _broken(name: str, make: Callable[[Cluster], None], fix: str, after: str = "", **fill: str) -> Case:
    """Read or asked, the verdict is the same: nothing that could be granted makes the Pod run."""
    verdict = "broken pod.running"
    return Case(name=name, make=make, read_only=verdict, allowed=verdict, fix=fix, after=after, fill=fill)


ROWS = (
    _broken(
        "the image cannot be pulled",
        _stands(
            "Pending",
            _waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"'),
            events=[
                {"type": "Warning", "reason": "Failed", "message": "dial tcp: lookup registry.invalid: no such host"}
            ],
        ),
        "another_image",
        WORKS,
        IMAGE="amazon/aws-cli:latest",
    ),
    _broken(
        "a Secret of the container is not there",
        _stands("Pending", _waiting("CreateContainerConfigError", 'secret "not-there" not found')),
        "describe_pod",
    ),
    _broken(
        "the program ends again and again",
        _stands("Running", _waiting("CrashLoopBackOff", "back-off 40s restarting failed container", last=_ended(254))),
        "container_log",
    ),
    _broken(
        "an init container fails",
        _stands(
            "Pending",
            _waiting("PodInitializing"),
            initContainerStatuses=[_waiting("CrashLoopBackOff", "back-off 40s", name="init", last=_ended(3))],
        ),
        "container_log",
    ),
    _broken(
        "a volume cannot be mounted",
        _stands(
            "Pending",
            _waiting("ContainerCreating"),
            events=[{"type": "Warning", "reason": "FailedMount", "message": 'configmap "not-there" not found'}],
        ),
        "describe_pod",
    ),
    _broken(
        "no node has room for the Pod",
        _stands(
            "Pending",
            conditions=[
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes available"}
            ],
        ),
        "describe_pod",
    ),
    Case(
        name="a Pod has ended well",
        make=_completed,
        read_only="should_work webhook.dry_run",
        allowed="should_work token.file",
    ),
    Case(
        name="an image without a shell",
        make=_distroless,
        read_only="should_work webhook.dry_run",
        allowed="should_work token.file",
        fix="debug_container",
    ),
    Case(
        name="an image without a shell whose program has got the role",
        make=_distroless_and_at_work,
        read_only=WORKS,
        allowed=WORKS,
    ),
)
