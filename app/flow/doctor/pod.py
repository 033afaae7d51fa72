"""What only a Pod shows: whether it runs and was edited, what an SDK takes from it first, what it can read.

Rules: the webhook's order of precedence (amazon-eks-pod-identity-webhook, pkg/handler/handler.go); botocore's
credential chain (`env` before web identity, web identity before container credentials) and its variables.
"""

from __future__ import annotations

import posixpath

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.application import judge_application, judge_sdk
from app.flow.doctor.containers import container_checks
from app.flow.doctor.evidence import check_of, evidence_of
from app.flow.doctor.requests import judge_requests
from app.flow.doctor.webhook.manifest import judge_manifest
from app.flow.doctor.without_exec.running import judge_running
from app.flow.doctor.workload import workload_of
from app.flow.errors import FlowError
from app.flow.json_access import get_list, get_object, get_str, unix_time
from app.flow.model import NOT_OBSERVABLE, Check, JsonValue, Status, Step, StepReport, Walk
from app.flow.names import API_TOKEN, TOKEN_DIRECTORY
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unseen
from app.flow.steps.injection import (
    ROLE_VARIABLE,
    TOKEN_VARIABLE,
    added_later,
    astray,
    containers,
    environment,
    mount_path,
    of_another_role,
    own_token,
    token_source,
    without_aws,
)
from app.flow.steps.kubelet_status import pod_runs
from app.flow.steps.mutation import DRY_RUN
from app.flow.steps.webhook import NEXT_POD
from app.flow.webhook import POD_IDENTITY_LABEL, POD_IDENTITY_VARIABLES, VOLUME

CHECKS = (
    "pod.running",
    "pod.service_account",
    "pod.skipped",
    "pod.handwritten",
    "pod.environment",
    "pod.volume",
    "pod.age",
    "pod.pod_identity",
    "pod.static_keys",
    "pod.region",
    "token.contents",
    "pod.token_readable",
    "pod.token_used",
    "token.api_server",
    "pod.sdk",
    "pod.request",
    "pod.application",
    "pod.hop_limit",
)
API_ALONE = "api_alone"
"""The reason of what only a program that calls the API server needs."""


def inspect(ports: Ports, walk: Walk) -> StepReport:
    """Looks at the Pod of a walk. Never raises. The report's step is the one at which a Pod is edited."""
    findings = Findings(Step.WEBHOOK, ports, CHECKS)
    subject = walk.subject
    where = f"Pod {subject.namespace}/{subject.pod}"

    # (1) The Pod, if there is one.
    exists = check_of(walk, "pod.exists")
    if exists is None or exists.status in (Status.UNKNOWN, Status.NOT_REACHED):
        _without_a_pod(findings, exists, where)
        return findings.report()
    try:
        pod = ports.cluster.pod(subject.namespace, subject.pod)
    except FlowError as error:
        _without_an_answer(findings, error, where)
        return findings.report()
    findings.show("workload", workload_of(pod))
    findings.show("pod", pod)
    if exists.status is Status.FAILED:
        findings.unreached_by_earlier_step()
        return findings.report()

    # (2) Whether it runs, and what is written in it.
    judge_running(findings, ports, walk, pod)
    _service_account(findings, walk, pod, where)
    annotations = get_object(evidence_of(walk, "service_account"), "metadata", "annotations")
    injected = _environment(findings, pod, where) & _volume(findings, pod, where)
    _age(findings, pod, evidence_of(walk, "service_account"), injected, get_str(annotations, ROLE_ARN), where)
    _pod_identity(findings, walk, pod, where)
    _api_server(findings, pod, where)
    judge_sdk(findings, pod, where)

    # (3) What its program got, and what it had asked for.
    said, failed_in = judge_application(findings, ports, walk, pod)
    judge_manifest(findings, subject, pod, evidence_of(walk, "service_account"), said, failed_in, where)
    variables = container_checks.variables_in(ports, walk, pod)
    concerned = container_checks.using_aws(pod, variables)
    judge_requests(findings, ports, walk, pod, concerned, said)

    # (4) What its containers can read, and what they will find first.
    container_checks.judge_containers(findings, ports, walk, pod, variables, concerned, said)
    return findings.report()


def _without_a_pod(findings: Findings, exists: Check | None, where: str) -> None:
    """The reason is the same for all."""
    findings.unreached_by_earlier_step()
    if exists is not None and exists.status is Status.UNKNOWN:
        for check_id in CHECKS:
            findings.unknown(check_id, exists.reason, where=where, error=exists.error)


def _without_an_answer(findings: Findings, error: FlowError, where: str) -> None:
    findings.unreached_by_earlier_step()
    if reason := unseen(error):
        for check_id in CHECKS:
            findings.unknown(check_id, reason, where=where, error=error.server_message)


def _service_account(findings: Findings, walk: Walk, pod: JsonValue, where: str) -> None:
    """The ServiceAccount that the Pod runs as. Where the manifest names none, the API server has written `default`."""
    account, wanted = get_str(pod, "spec", "serviceAccountName"), walk.subject.service_account
    where += " .spec.serviceAccountName"
    findings.judge("pod.service_account", account == wanted, got=account, expected=wanted, where=where)


def _api_server(findings: Findings, pod: JsonValue, where: str) -> None:
    """Decides about the other token, with which a program calls the API server.

    IRSA does not need it, so its absence is neither a failure nor a warning; whether this program calls the API server
    cannot be seen.
    """
    directory = posixpath.dirname(API_TOKEN)
    lacking = [
        get_str(box, "name")
        for box in containers(pod)
        if all(get_str(mount, "mountPath") != directory for mount in get_list(box, "volumeMounts"))
    ]
    where += " .spec.automountServiceAccountToken"
    if lacking:
        findings.unknown("token.api_server", API_ALONE, where=where, expected=directory)
    else:
        findings.judge("token.api_server", True, got=directory, expected=directory, where=where)


def _environment(findings: Findings, pod: JsonValue, where: str) -> bool:
    """Of the containers that another webhook has added later, only those are named that show a use of AWS: most of them
    (proxies, agents) use none, and lack nothing."""
    boxes, later = containers(pod), added_later(pod)
    if own_token(pod):  # no one else adds it: a container without either variable is meant to have none
        boxes = [box for box in boxes if {ROLE_VARIABLE, TOKEN_VARIABLE} & environment(box).keys()]
    found = {get_str(box, "name"): environment(box) for box in boxes}
    if later and all(
        box.get(ROLE_VARIABLE) and box.get(TOKEN_VARIABLE) for it, box in found.items() if it not in later
    ):
        spared = without_aws(pod)
        lacking = [f"{name}: -" for name in later if name not in spared]
        findings.judge(
            "pod.environment",
            not lacking,
            got=lacking or [name for name in found if name not in later],
            expected=[ROLE_VARIABLE, TOKEN_VARIABLE],
            where=f"{where} .spec.containers[].env",
            otherwise=Status.WARNING,
        )
        return True
    return findings.judge(
        "pod.environment",
        bool(boxes) and all(box.get(ROLE_VARIABLE) and box.get(TOKEN_VARIABLE) for box in found.values()),
        got=[f"{name}: {key}" for name, box in found.items() for key in (ROLE_VARIABLE, TOKEN_VARIABLE) if key in box],
        expected=[ROLE_VARIABLE, TOKEN_VARIABLE],
        where=f"{where} .spec.containers[].env",
    )


def _volume(findings: Findings, pod: JsonValue, where: str) -> bool:
    later = added_later(pod)
    boxes = [box for box in containers(pod) if get_str(box, "name") not in later]
    mounts = [f"{get_str(box, 'name')}: {mount_path(box)}" for box in boxes if mount_path(box)]
    source = token_source(pod)
    if own := own_token(pod):
        where += f" .spec.volumes {own.volume}"
        return findings.judge("pod.volume", own.file == own.mounted, got=own.file, expected=own.mounted, where=where)
    if files := astray(pod):
        (got, expected), where = zip(*files, strict=True), f"{where} .spec.containers[].volumeMounts {VOLUME}"
        return findings.judge("pod.volume", False, got=got, expected=expected, where=where)
    return findings.judge(
        "pod.volume",
        source is not None and bool(boxes) and len(mounts) == len(boxes),
        got=mounts if source is not None else [get_str(volume, "name") for volume in get_list(pod, "spec", "volumes")],
        expected=f"{VOLUME} {TOKEN_DIRECTORY}",
        where=f"{where} .spec.volumes",
    )


def _age(
    findings: Findings, pod: JsonValue, service_account: JsonValue, injected: bool, role_arn: str, where: str
) -> None:
    """Whether the Pod is older than the annotation and was not edited because of it. `managedFields` shows when the
    owner of the annotation last changed any of its fields."""
    where += " .metadata.creationTimestamp"
    created, annotated = get_str(pod, "metadata", "creationTimestamp"), annotated_at(service_account)
    older = is_older(pod, service_account)
    if older is None:
        findings.unknown("pod.age", NOT_OBSERVABLE, where=where, expected=f">= {annotated}" if annotated else "")
        return
    apart = (*added_later(pod), *of_another_role(pod, role_arn))
    roles = {environment(box).get(ROLE_VARIABLE, "") for box in containers(pod) if get_str(box, "name") not in apart}
    current = injected and roles == {role_arn}
    findings.judge("pod.age", current or not older, got=created, expected=f">= {annotated}", where=where)


def is_older(pod: JsonValue, service_account: JsonValue) -> bool | None:
    """Whether a Pod is older than the role's annotation; None where one of the times is not known."""
    created, annotated = _created_and_annotated(pod, service_account)
    return None if created is None or annotated is None else created < annotated


def is_younger(pod: JsonValue, service_account: JsonValue) -> bool:
    """Whether a Pod is known to be younger than the role's annotation. The times are whole seconds."""
    created, annotated = _created_and_annotated(pod, service_account)
    return created is not None and annotated is not None and created > annotated


def _created_and_annotated(pod: JsonValue, service_account: JsonValue) -> tuple[float | None, float | None]:
    return unix_time(pod, "metadata", "creationTimestamp"), unix_time(annotated_at(service_account))


def annotated_at(service_account: JsonValue) -> str:
    """When the role's annotation was set, at the latest (RFC 3339); empty where no owner of the field is known."""
    times = [
        get_str(entry, "time")
        for entry in get_list(service_account, "metadata", "managedFields")
        if f"f:{ROLE_ARN}" in get_object(entry, "fieldsV1", "f:metadata", "f:annotations")
        and unix_time(entry, "time") is not None
    ]
    return max(times, key=lambda time: unix_time(time) or 0.0, default="")


def _pod_identity(findings: Findings, walk: Walk, pod: JsonValue, where: str) -> None:
    """An EKS Pod Identity association wins over the annotation: the webhook then writes its variables instead. Those of
    an association that is newer than the Pod show in the Pod of the dry run."""
    variables = [environment(box) for box in containers(pod)]
    uri = POD_IDENTITY_VARIABLES[0]
    given = any(uri in box for box in variables)
    both = all(TOKEN_VARIABLE in box for box in variables)
    # The webhook writes the label with the variables; alone beside those of the token, the manifest has it.
    labelled = POD_IDENTITY_LABEL in get_object(pod, "metadata", "labels") and (given or not both)
    found = [name for name, there in ((POD_IDENTITY_LABEL, labelled), (uri, given)) if there]
    of_next = (environment(box) for box in containers(evidence_of(walk, "pod_after")))
    later = not found and any(uri in box and TOKEN_VARIABLE not in box for box in of_next)
    findings.judge(
        "pod.pod_identity",
        not (found or later),
        got=[uri] if later else found,
        expected=TOKEN_VARIABLE,
        where=f"{DRY_RUN if later else where} .spec.containers[].env",
        otherwise=Status.WARNING if both and not later else Status.FAILED,
    )
    if later and both and pod_runs(pod):
        findings.soften("pod.pod_identity", NEXT_POD)
