"""The Pod before and after the webhook: what was added in the dry run, and what the running Pod lacks."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from app.flow.errors import FlowError
from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import Exchange, JsonValue, Subject
from app.flow.names import TOKEN_DIRECTORY, TOKEN_PATH
from app.flow.ports import Ports
from app.flow.steps.findings import Findings
from app.flow.steps.injection import (
    ROLE_VARIABLE,
    TOKEN_VARIABLE,
    added_later,
    containers,
    environment,
    mount_path,
    of_another_role,
    token_source,
)
from app.flow.steps.step_context import StepContext
from app.flow.strict_json import loads_or_none
from app.flow.webhook import SKIP_LABEL, VOLUME

DRY_RUN = "POST pods?dryRun=All"
"""The place of what the dry run shows."""
PARTS = (f"volume {VOLUME}", "volumeMounts", ROLE_VARIABLE, TOKEN_VARIABLE)
"""The webhook's additions, in short."""


def show_mutation(
    findings: Findings, ports: Ports, subject: Subject, request: JsonValue, after: JsonValue, webhook: JsonValue
) -> None:
    """Evidence: the AdmissionReview where the servers let us listen, the Pod before and after, the new variables.

    The Pod before is the one that the webhook received. Where the app may not listen it is a second dry run, with the
    label that keeps the webhook away; where that means nothing to the webhook, it is the request.
    """
    review = _admission_review(findings.new_exchanges())
    findings.show("admission_review", review)
    before = get_object(review, "request", "request", "object")
    if not before and any(get_str(rule, "key") == SKIP_LABEL for rule in _expressions(webhook)):
        metadata = get_object(request, "metadata")
        labels = {**get_object(metadata, "labels"), SKIP_LABEL: "true"}
        try:
            before = get_object(
                ports.cluster.dry_run_pod(
                    subject.namespace, {**get_object(request), "metadata": {**metadata, "labels": labels}}
                )
            )
        except FlowError:
            before = {}
    before = before or get_object(request)
    findings.show("pod_before", before)
    findings.show("pod_after", after)
    had = {(get_str(box, "name"), name) for box in containers(before) for name in environment(box)}
    findings.show(
        "environment",
        [
            {"container": get_str(box, "name"), "name": name, "value": value}
            for box in containers(after)
            for name, value in environment(box).items()
            if (get_str(box, "name"), name) not in had
        ],
    )


def judge_mutation(findings: Findings, pod: JsonValue, step_context: StepContext) -> None:
    """The three things that the webhook adds, in the Pod that the dry run brought."""
    where = f"{DRY_RUN} .spec"
    boxes = containers(pod)

    # (1) The volume: a request for a token with this audience.
    audience = step_context.webhooks_audience
    source = token_source(pod)
    volumes = [get_str(volume, "name") for volume in get_list(pod, "spec", "volumes")]
    findings.judge_as_seen(
        "webhook.volume",
        source is not None and get_str(source, "audience") == audience,
        unseen=step_context.service_account_unseen if source else "",
        got=" ".join((VOLUME, *(f"{key}={value}" for key, value in source.items()))) if source else volumes,
        expected=f"{VOLUME} audience={audience}",
        where=f"{where}.volumes",
    )

    # (2) Its mount in every container.
    findings.judge(
        "webhook.mount",
        bool(boxes) and all(mount_path(box) for box in boxes),
        got=[f"{get_str(box, 'name')}: {mount_path(box)}" for box in boxes],
        expected=TOKEN_DIRECTORY,
        where=f"{where}.containers[].volumeMounts",
    )

    # (3) The two variables that the SDKs look for.
    others = of_another_role(pod, step_context.role_arn)
    variables = [environment(box) for box in boxes if get_str(box, "name") not in others]
    findings.judge(
        "webhook.environment",
        bool(boxes) and all(_names_role(box, step_context) and box.get(TOKEN_VARIABLE) for box in variables),
        got=[f"{name}={box[name]}" for box in variables for name in (ROLE_VARIABLE, TOKEN_VARIABLE) if name in box],
        expected=[f"{ROLE_VARIABLE}={step_context.role_arn}", f"{TOKEN_VARIABLE}={TOKEN_PATH}"],
        where=f"{where}.containers[].env",
    )


def present_parts(pod: JsonValue, step_context: StepContext) -> list[str]:
    """Those of `PARTS` that a stored Pod has in every container that the webhook looked at."""
    apart = (*added_later(pod), *of_another_role(pod, step_context.role_arn))
    boxes = [box for box in containers(pod) if get_str(box, "name") not in apart]
    variables = [environment(box) for box in boxes]
    found = (
        token_source(pod) is not None,
        bool(boxes) and all(mount_path(box) for box in boxes),
        bool(boxes) and all(_names_role(box, step_context) for box in variables),
        bool(boxes) and all(box.get(TOKEN_VARIABLE) for box in variables),
    )
    return [part for part, present in zip(PARTS, found, strict=True) if present]


def _names_role(variables: dict[str, str], step_context: StepContext) -> bool:
    """Whether the role's variable has the annotation's value, or any value where there is no annotation."""
    role = variables.get(ROLE_VARIABLE, "")
    return bool(role) and role == (step_context.role_arn or role)


def _expressions(webhook: JsonValue) -> list[JsonValue]:
    return get_list(webhook, "objectSelector", "matchExpressions")


def _admission_review(exchanges: Sequence[Exchange]) -> JsonValue:
    """The last call of the webhook among these exchanges, with its JSON patch decoded."""
    for exchange in reversed(exchanges):
        if exchange.callee == "pod-identity-webhook":
            answer = loads_or_none(exchange.response_body)
            patch = loads_or_none(_decoded(get(answer, "response", "patch")))
            return {"request": loads_or_none(exchange.request_body), "response": answer, "patch": patch}
    return None


def _decoded(patch: JsonValue) -> str:
    try:
        return base64.b64decode(patch, validate=True).decode("utf-8", "replace") if isinstance(patch, str) else ""
    except ValueError:
        return ""
