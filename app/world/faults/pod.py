"""Faults of the Pod's manifest: what its owner wrote, and what that makes of the webhook and of the kubelet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject, Step
from app.flow.names import API_TOKEN, DEFAULT_AUDIENCE, TOKEN_PATH
from app.flow.webhook import SKIP_LABEL, VOLUME
from app.world.faults import texts
from app.world.faults.fault import Fault, Whole
from app.world.lifecycle.world_operations import container_of, role_arn, set_variables, with_manifest

if TYPE_CHECKING:
    from app.world.world import World

_SIDECAR = {"name": "logs", "image": "busybox:latest", "command": ["sleep", "infinity"]}


def _no_service_account(world: World, pod: JsonObject) -> None:
    for name in ("serviceAccountName", "serviceAccount"):
        pod["spec"].pop(name, None)


def _skipped(world: World, pod: JsonObject) -> None:
    labels = pod["metadata"].setdefault("labels", {})
    labels[SKIP_LABEL] = "true"


def _role_by_hand(world: World, pod: JsonObject) -> None:
    set_variables(pod, AWS_ROLE_ARN=role_arn(world))


def _all_by_hand(world: World, pod: JsonObject) -> None:
    set_variables(
        pod,
        AWS_STS_REGIONAL_ENDPOINTS="regional",
        AWS_DEFAULT_REGION=world.region,
        AWS_REGION=world.region,
        AWS_ROLE_ARN=role_arn(world),
        AWS_WEB_IDENTITY_TOKEN_FILE=TOKEN_PATH,
    )


def _api_token(world: World, pod: JsonObject) -> None:
    set_variables(pod, AWS_ROLE_ARN=role_arn(world), AWS_WEB_IDENTITY_TOKEN_FILE=API_TOKEN)


def _unreadable(world: World, pod: JsonObject) -> None:
    """The token's volume, written by hand for root alone, in a Pod whose containers run as different users."""
    token = {"audience": DEFAULT_AUDIENCE, "expirationSeconds": 86400, "path": "token"}
    volume = {
        "name": VOLUME,
        "projected": {"defaultMode": 0o400, "sources": [{"serviceAccountToken": token}]},
    }
    pod["spec"].setdefault("volumes", []).append(volume)
    container_of(pod)["securityContext"] = {"runAsUser": 1000}
    pod["spec"]["containers"].append(_SIDECAR)


def _no_api_token(world: World, pod: JsonObject) -> None:
    pod["spec"]["automountServiceAccountToken"] = False


def _no_region(world: World, pod: JsonObject) -> None:
    """A template left the variable empty, which is enough for the webhook to leave the region out."""
    set_variables(pod, AWS_DEFAULT_REGION="")


def _no_such_file(world: World) -> str:
    return f"[Errno 2] No such file or directory: '{TOKEN_PATH}'"


def _permission_denied(world: World) -> str:
    return f"[Errno 13] Permission denied: '{TOKEN_PATH}'"


def _region_unknown(world: World) -> str:
    """An empty region is put into the endpoint. `You must specify a region.` is said where there is none at all, and by
    clients of other services: this Pod calls STS and S3, for which botocore needs none.
    """
    return "Invalid endpoint: https://s3..amazonaws.com"


FAULTS = (
    Fault(
        id="F03", number=3, step=Step.SERVICE_ACCOUNT, seen=Step.ACCESS, changes="pod",
        text=texts.without_irsa, cause_it=with_manifest(_no_service_account),
    ),
    Fault(
        id="F07", number=7, step=Step.WEBHOOK, seen=Step.ACCESS, changes="pod",
        text=texts.without_irsa, cause_it=with_manifest(_skipped),
    ),
    Fault(
        id="F08", number=8, step=Step.WEBHOOK, seen=Step.ACCESS, changes="pod",
        text=texts.without_irsa, cause_it=with_manifest(_role_by_hand), writes=(Whole.VARIABLES,),
    ),
    Fault(
        id="F09", number=9, step=Step.WEBHOOK, seen=Step.TOKEN_MOUNT, changes="pod",
        text=_no_such_file, cause_it=with_manifest(_all_by_hand), writes=(Whole.VARIABLES,),
    ),
    Fault(
        id="F28", number=28, step=Step.TOKEN_MOUNT, seen=Step.STS_ASSUME, changes="pod",
        text=texts.wrong_audience, cause_it=with_manifest(_api_token), writes=(Whole.VARIABLES,),
    ),
    Fault(
        id="F34", number=34, step=Step.TOKEN_MOUNT, seen=Step.TOKEN_MOUNT, changes="pod",
        text=_permission_denied, cause_it=with_manifest(_unreadable),
    ),
    Fault(
        id="F36", number=36, step=Step.TOKEN_MOUNT, seen=None, changes="pod",
        text=texts.nothing, cause_it=with_manifest(_no_api_token), harmless=True,
    ),
    Fault(
        id="F39", number=39, step=Step.WEBHOOK, seen=Step.STS_ASSUME, changes="pod",
        text=_region_unknown, cause_it=with_manifest(_no_region), writes=(Whole.VARIABLES,),
    ),
)  # fmt: skip
