"""What a Pod's own manifest keeps the webhook from adding, by the webhook's algorithm.

Rules: amazon-eks-pod-identity-webhook (pkg/handler/handler.go), by `app.flow.webhook`.
"""

from __future__ import annotations

from app.flow.annotations import SKIP_CONTAINERS
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import JsonValue, Status, Subject
from app.flow.names import annotated_role_arn, is_session_of
from app.flow.steps.findings import Findings
from app.flow.steps.injection import (
    ROLE_VARIABLE,
    TOKEN_VARIABLE,
    containers,
    environment,
    is_missing,
    mount_path,
    of_another_role,
    own_token,
    request_pod,
)
from app.flow.steps.webhook import MOUNTED_TWICE
from app.flow.verdict.error_messages import lacks_credentials, principal_of
from app.flow.webhook import WebhookSettings, edited, skipped_containers

_NONE = "-"


def judge_manifest(
    findings: Findings,
    subject: Subject,
    pod: JsonValue,
    service_account: JsonValue,
    said: str,
    failed_in: str,
    where: str,
) -> None:
    """Decides `pod.skipped` and `pod.handwritten`. `said` is the error message that a program got, and `failed_in` its
    container.

    Where the ServiceAccount names no role, or could not be read, the webhook's edit cannot be predicted.
    """
    role_arn = annotated_role_arn(service_account)
    _skipped(findings, pod, role_arn, said, failed_in, where)
    if not role_arn:
        findings.unreached_by_earlier_step("pod.handwritten")
        return
    by_hand = own_token(pod)
    if by_hand and by_hand.role_arn == role_arn:
        _mounted_twice(findings, request_pod(pod, subject.namespace, subject.service_account), service_account, where)
        return
    own = handwritten(request_pod(pod, subject.namespace, subject.service_account), service_account, role_arn)
    meant = all(it.partition(": ")[0] in of_another_role(pod, role_arn) for it in own)
    findings.judge(
        "pod.handwritten",
        not own,
        got=own or _NONE,
        expected=_NONE,
        where=f"{where} .spec.containers[].env",
        otherwise=Status.WARNING if meant else Status.FAILED,
    )


def _mounted_twice(findings: Findings, asked_for: JsonValue, service_account: JsonValue, where: str) -> None:
    """Beside a token that the manifest mounts itself the webhook adds its own, and no container may have two mounts at
    one path (kubernetes, pkg/apis/core/validation, `ValidateVolumeMounts`: "must be unique")."""
    paths = [
        (get_str(box, "name"), get_str(mount, "mountPath").rstrip("/"))
        for box in containers(edited(asked_for, service_account, WebhookSettings()))
        for mount in get_list(box, "volumeMounts")
    ]
    twice = [f"{name}: {path}" for name, path in dict.fromkeys(paths) if paths.count((name, path)) > 1]
    where += " .spec.containers[].volumeMounts"
    findings.judge("pod.handwritten", not twice, got=twice or _NONE, expected=_NONE, where=where)
    findings.soften("pod.handwritten", MOUNTED_TWICE)


def handwritten(asked_for: JsonValue, service_account: JsonValue, role_arn: str) -> list[str]:
    """`CONTAINER: VARIABLE` for each variable that the manifest sets itself and because of which a container is
    incomplete.

    One of the two variables keeps the webhook from adding either. A container with both of them may be complete, unless
    they point to a file where nothing is mounted.
    """
    had = {get_str(box, "name"): environment(box) for box in containers(asked_for)}
    return [
        f"{name}: {variable}"
        for box in containers(edited(asked_for, service_account, WebhookSettings()))
        if (name := get_str(box, "name")) and not _complete(box, role_arn)
        for variable in (ROLE_VARIABLE, TOKEN_VARIABLE)
        if variable in had.get(name, {})
    ]


def _complete(box: JsonValue, role_arn: str) -> bool:
    variables = environment(box)
    found = bool(variables.get(TOKEN_VARIABLE)) and not is_missing(box)
    return bool(mount_path(box) and variables.get(ROLE_VARIABLE) == role_arn and found)


def _skipped(findings: Findings, pod: JsonValue, role_arn: str, said: str, failed_in: str, where: str) -> None:
    """A warning where some containers are skipped, maybe on purpose; a failure where all are, or where the program of
    one of them was refused for want of a token.

    The same message in a container with the variables has another cause: its SDK, or a role that it goes on to.
    """
    annotations = get_object(pod, "metadata", "annotations")
    named = skipped_containers(annotations)
    boxes = [get_str(box, "name") for kind in ("containers", "initContainers") for box in get_list(pod, "spec", kind)]
    skipped = [name for name in boxes if name in named]
    principal = principal_of(said)
    without_token = lacks_credentials(said) or bool(principal and not is_session_of(role_arn, principal))
    at_fault = len(skipped) == len(boxes) or (failed_in in skipped and without_token)
    findings.judge(
        "pod.skipped",
        not skipped,
        got=f"{SKIP_CONTAINERS}={annotations.get(SKIP_CONTAINERS)}" if skipped else _NONE,
        expected=_NONE,
        where=f"{where} .metadata.annotations",
        otherwise=Status.FAILED if at_fault else Status.WARNING,
    )
