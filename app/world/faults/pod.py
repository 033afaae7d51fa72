"""Faults of the Pod: what its owner wrote into its manifest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from app.flow.model import Step
from app.world.aws import iam
from app.world.faults import texts
from app.world.faults.changing import TOKEN_FILE, calls_sts, container_of, recreate, role_arn, set_variables
from app.world.faults.fault import Fault
from app.world.roles import create_role
from app.world.scenario import ROLE

if TYPE_CHECKING:
    from app.world.world import World

JsonObject = dict[str, Any]
API_TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"
NEXT_ROLE = "data-reader"
"""The role that the program goes on to."""
USER = "ci"
"""Somebody with long-lived keys, and with no permission at all."""
OLD_IMAGE = "registry.example.com/tools/aws-cli:1.16.100"
"""A release of 2019, half a year older than IRSA."""
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


def _old_release(world: World, pod: JsonObject) -> None:
    container_of(pod)["image"] = OLD_IMAGE


def _path_as_token(world: World, pod: JsonObject) -> None:
    container_of(pod)["args"] = calls_sts(role_arn(world), TOKEN_FILE)


def _longer_than_allowed(world: World, pod: JsonObject) -> None:
    token = f"file://{TOKEN_FILE}"
    container_of(pod)["args"] = calls_sts(role_arn(world), token, "--duration-seconds", "7200")


async def _next_role(world: World) -> None:
    """The next role leaves it to its account who may assume it, and nobody has permitted this one to."""
    trusted = {"Effect": "Allow", "Principal": {"AWS": world.account_id}, "Action": "sts:AssumeRole"}
    create_role(world, NEXT_ROLE, {"Version": "2012-10-17", "Statement": [trusted]})
    command = ["sts", "assume-role", "--role-arn", _next_arn(world), "--role-session-name", "my-app"]
    await recreate(world, lambda pod: container_of(pod).update(args=command))


def _next_arn(world: World) -> str:
    return f"arn:aws:iam::{world.account_id}:role/{NEXT_ROLE}"


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


def _may_not_assume(world: World) -> str:
    user = texts.session_of(world, ROLE, texts.session_name(world))
    return (
        "An error occurred (AccessDenied) when calling the AssumeRole operation: "
        f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {_next_arn(world)}"
    )


def _too_long(world: World) -> str:
    text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    return texts.refused_by_sts("ValidationError", text)


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
        id="F11", number=11, cause=Step.STS_ASSUME, seen=Step.ACCESS, changes="pod",
        text=texts.as_the_node, cause_it=_with(_old_release),
    ),
    Fault(
        id="F28", number=28, cause=Step.TOKEN_MOUNT, seen=Step.STS_ASSUME, changes="pod",
        text=texts.wrong_audience, cause_it=_with(_api_token),
    ),
    Fault(
        id="F29", number=29, cause=Step.STS_ASSUME, seen=Step.STS_ASSUME, changes="pod",
        text=texts.no_jwt, cause_it=_with(_path_as_token),
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
    Fault(
        id="F49", number=49, cause=Step.ACCESS, seen=Step.ACCESS, changes="pod",
        text=_may_not_assume, cause_it=_next_role,
    ),
    Fault(
        id="F50", number=50, cause=Step.STS_ASSUME, seen=Step.STS_ASSUME, changes="pod",
        text=_too_long, cause_it=_with(_longer_than_allowed),
    ),
)  # fmt: skip
