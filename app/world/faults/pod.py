"""Faults of the Pod: what its owner wrote into its manifest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from app.flow.model import Step
from app.world.aws import iam
from app.world.faults import texts
from app.world.faults.changing import container_of, recreate, role_arn, set_variables
from app.world.faults.fault import Fault

if TYPE_CHECKING:
    from app.world.world import World

JsonObject = dict[str, Any]
TOKEN_FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
API_TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"
USER = "ci"
"""Somebody with long-lived keys, and with no permission at all."""
_SIDECAR = {"name": "logs", "image": "busybox:latest", "command": ["sleep", "infinity"]}


def _with(change: Callable[[World, JsonObject], None]) -> Callable[[World], Awaitable[None]]:
    """Deletes the Pod and creates it anew, its manifest changed."""

    async def cause_it(world: World) -> None:
        await recreate(world, lambda pod: change(world, pod))

    return cause_it


def _no_service_account(world: World, pod: JsonObject) -> None:
    for name in ("serviceAccountName", "serviceAccount"):
        pod["spec"].pop(name, None)


def _skipped(world: World, pod: JsonObject) -> None:
    labels = pod["metadata"].setdefault("labels", {})
    labels["eks.amazonaws.com/skip-pod-identity-webhook"] = "true"


def _role_by_hand(world: World, pod: JsonObject) -> None:
    set_variables(pod, AWS_ROLE_ARN=role_arn(world))


def _all_by_hand(world: World, pod: JsonObject) -> None:
    set_variables(
        pod,
        AWS_STS_REGIONAL_ENDPOINTS="regional",
        AWS_DEFAULT_REGION=world.region,
        AWS_REGION=world.region,
        AWS_ROLE_ARN=role_arn(world),
        AWS_WEB_IDENTITY_TOKEN_FILE=TOKEN_FILE,
    )


async def _static_keys(world: World) -> None:
    """Keys of a user, left behind from the time before IRSA."""
    iam.call(world.account, "CreateUser", {"UserName": USER})
    key = iam.call(world.account, "CreateAccessKey", {"UserName": USER})["AccessKey"]
    given = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    await recreate(world, lambda pod: set_variables(pod, **given))


def _api_token(world: World, pod: JsonObject) -> None:
    set_variables(pod, AWS_ROLE_ARN=role_arn(world), AWS_WEB_IDENTITY_TOKEN_FILE=API_TOKEN_FILE)


def _unreadable(world: World, pod: JsonObject) -> None:
    """The token's volume, written by hand for root alone, in a Pod whose containers run as different users."""
    token = {"audience": "sts.amazonaws.com", "expirationSeconds": 86400, "path": "token"}
    volume = {
        "name": "aws-iam-token",
        "projected": {"defaultMode": 0o400, "sources": [{"serviceAccountToken": token}]},
    }
    pod["spec"].setdefault("volumes", []).append(volume)
    container_of(pod)["securityContext"] = {"runAsUser": 1000}
    pod["spec"]["containers"].append(_SIDECAR)


def _no_api_token(world: World, pod: JsonObject) -> None:
    pod["spec"]["automountServiceAccountToken"] = False


def _no_region(world: World, pod: JsonObject) -> None:
    """A template left the variable empty, which is enough for the webhook to leave the region out."""
    set_variables(pod, AWS_DEFAULT_REGION="", AWS_EC2_METADATA_DISABLED="true")


def _as_the_user(world: World) -> str:
    return texts.may_not_list(f"arn:aws:iam::{world.account_id}:user/{USER}")


def _no_such_file(world: World) -> str:
    return f"[Errno 2] No such file or directory: '{TOKEN_FILE}'"


def _permission_denied(world: World) -> str:
    return f"[Errno 13] Permission denied: '{TOKEN_FILE}'"


def _region_unknown(world: World) -> str:
    return (
        "An error occurred (NoRegion): You must specify a region. "
        'You can also configure your region by running "aws configure".'
    )


FAULTS = (
    Fault(
        id="F03", number=3, cause=Step.SERVICE_ACCOUNT, seen=Step.ACCESS, changes="pod",
        text=texts.as_the_node, cause_it=_with(_no_service_account),
    ),
    Fault(
        id="F07", number=7, cause=Step.WEBHOOK, seen=Step.ACCESS, changes="pod",
        text=texts.as_the_node, cause_it=_with(_skipped),
    ),
    Fault(
        id="F08", number=8, cause=Step.WEBHOOK, seen=Step.ACCESS, changes="pod",
        text=texts.as_the_node, cause_it=_with(_role_by_hand),
    ),
    Fault(
        id="F09", number=9, cause=Step.WEBHOOK, seen=Step.TOKEN_MOUNT, changes="pod",
        text=_no_such_file, cause_it=_with(_all_by_hand),
    ),
    Fault(
        id="F10", number=10, cause=Step.WEBHOOK, seen=Step.ACCESS, changes="pod",
        text=_as_the_user, cause_it=_static_keys,
    ),
    Fault(
        id="F28", number=28, cause=Step.TOKEN_MOUNT, seen=Step.STS_ASSUME, changes="pod",
        text=texts.wrong_audience, cause_it=_with(_api_token),
    ),
    Fault(
        id="F34", number=34, cause=Step.TOKEN_MOUNT, seen=Step.TOKEN_MOUNT, changes="pod",
        text=_permission_denied, cause_it=_with(_unreadable),
    ),
    Fault(
        id="F36", number=36, cause=Step.TOKEN_MOUNT, seen=None, changes="pod",
        text=texts.nothing, cause_it=_with(_no_api_token), harmless=True,
    ),
    Fault(
        id="F39", number=39, cause=Step.WEBHOOK, seen=Step.STS_ASSUME, changes="pod",
        text=_region_unknown, cause_it=_with(_no_region),
    ),
)  # fmt: skip
