"""Step 3: at CREATE the API server calls the pod identity webhook, which writes the token's volume into the Pod.

The webhook is really called: by a server-side dry run of the same Pod. Rules: amazon-eks-pod-identity-webhook
(pkg/handler/handler.go); Kubernetes' label selectors.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace

from app.flow import strict_json
from app.flow.errors import FlowError
from app.flow.model import Exchange, JsonValue, Step, StepReport, Subject
from app.flow.ports import Ports
from app.flow.steps import selectors
from app.flow.steps.documents import dig, items, mapping, text
from app.flow.steps.findings import Findings
from app.flow.steps.injection import (
    ROLE_VARIABLE,
    TOKEN_VARIABLE,
    containers,
    environment,
    mount_path,
    request_pod,
    token_source,
)
from app.flow.steps.names import TOKEN_DIRECTORY, annotated_audience
from app.flow.trail import Trail
from app.flow.webhook import VOLUME

CHECKS = (
    "webhook.registered",
    "webhook.selector",
    "webhook.dry_run",
    "webhook.volume",
    "webhook.mount",
    "webhook.environment",
    "pod.exists",
    "pod.injected",
)
CONFIGURATION = "pod-identity-webhook"
WEBHOOKS = ("iam-for-pods.amazonaws.com", "pod-identity-webhook.amazonaws.com")
"""What the webhook is called on EKS, and what its own manifests call it."""
SKIP_LABEL = "eks.amazonaws.com/skip-pod-identity-webhook"


def inspect(ports: Ports, subject: Subject, trail: Trail) -> tuple[StepReport, Trail]:
    """Looks for the webhook, has it mutate the Pod in a dry run, and looks at the Pod that runs. Never raises."""
    findings = Findings(Step.WEBHOOK, ports, CHECKS)

    # (1) The Pod as it is stored: the model of the dry run below.
    pod = _stored_pod(findings, ports, subject)

    # (2) The webhook's registration, and whether this Pod is its business.
    webhook = _registered(findings, ports)
    if webhook is not None:
        labels = mapping(pod, "metadata", "labels")
        _selected(findings, webhook, labels, subject.namespace)

    # (3) The same Pod once more, dry: the API server calls its webhooks and stores nothing.
    request = request_pod(pod, subject.namespace, subject.service_account)
    try:
        after = ports.cluster.dry_run_pod(subject.namespace, request)
    except FlowError as error:
        findings.refused("webhook.dry_run", error, expected="201", where="POST pods?dryRun=All")
    else:
        dry = findings.judge(
            "webhook.dry_run", text(after, "kind") == "Pod", got=text(after, "kind") or after, expected="Pod",
            where="POST pods?dryRun=All",
        )  # fmt: skip
        if dry:
            _show_mutation(findings, ports, subject, request, after, webhook)
            _mutated(findings, after, trail)

    # (4) The Pod that runs.
    if pod is not None:
        missing = _missing(pod, trail)
        expected = [f"volume {VOLUME}", "volumeMounts", ROLE_VARIABLE, TOKEN_VARIABLE]
        findings.judge(
            "pod.injected",
            not missing,
            got=[part for part in expected if part not in missing],
            expected=expected,
            where=f"Pod {subject.namespace}/{subject.pod} .spec",
        )
        trail = replace(trail, pod=pod)
    return findings.report(), trail


def _stored_pod(findings: Findings, ports: Ports, subject: Subject) -> JsonValue:
    where = f"Pod {subject.namespace}/{subject.pod}"
    try:
        pod = ports.cluster.pod(subject.namespace, subject.pod)
    except FlowError as error:
        findings.refused("pod.exists", error, expected=where, where=where)
        return None
    name, account = text(pod, "metadata", "name"), text(pod, "spec", "serviceAccountName")
    if name != subject.pod:
        findings.judge("pod.exists", False, got=name or pod, expected=subject.pod, where=where)
        return None
    where += " .spec.serviceAccountName"
    right = account == subject.service_account
    findings.judge("pod.exists", right, got=account, expected=subject.service_account, where=where)
    return pod if right else None


def _registered(findings: Findings, ports: Ports) -> JsonValue:
    """The webhook's entry in its MutatingWebhookConfiguration; None where there is none that sees Pods."""
    where = "MutatingWebhookConfiguration"
    try:
        configurations = list(ports.cluster.mutating_webhooks())
    except FlowError as error:
        findings.refused("webhook.registered", error, expected=CONFIGURATION, where=where)
        return None
    names = [text(configuration, "metadata", "name") for configuration in configurations]
    for configuration in configurations:
        for webhook in items(configuration, "webhooks"):
            ours = text(webhook, "name") in WEBHOOKS or text(configuration, "metadata", "name") == CONFIGURATION
            if ours and _sees_pods(webhook):
                findings.show("configuration", configuration)
                where += f" {text(configuration, 'metadata', 'name')} {text(webhook, 'name')}"
                findings.judge(
                    "webhook.registered", True, got=text(webhook, "name"), expected=CONFIGURATION, where=where
                )
                return webhook
    findings.judge("webhook.registered", False, got=names, expected=CONFIGURATION, where=where)
    return None


def _sees_pods(webhook: JsonValue) -> bool:
    return any(
        {"CREATE", "*"} & set(map(str, items(rule, "operations")))
        and {"pods", "*", "*/*"} & set(map(str, items(rule, "resources")))
        for rule in items(webhook, "rules")
    )


def _selected(findings: Findings, webhook: JsonValue, labels: dict[str, str], namespace: str) -> None:
    selector = dig(webhook, "objectSelector")
    where = f"{text(webhook, 'name')} objectSelector"
    if not selectors.matches(selector, labels):
        findings.judge("webhook.selector", False, got=labels, expected=selector, where=where)
        return
    selector = dig(webhook, "namespaceSelector")
    where = f"{text(webhook, 'name')} namespaceSelector"
    known = {"kubernetes.io/metadata.name": namespace}
    if selectors.keys(selector) - set(known):
        findings.unknown("webhook.selector", "not_observable", where=where)
        return
    findings.judge("webhook.selector", selectors.matches(selector, known), got=labels, expected=selector, where=where)


def _show_mutation(
    findings: Findings, ports: Ports, subject: Subject, request: JsonValue, after: JsonValue, webhook: JsonValue
) -> None:
    """The AdmissionReview where the servers let us listen; the Pod before and after; the variables that were added."""
    review = _admission_review(findings.new_exchanges())
    findings.show("admission_review", review)
    before = dig(review, "request", "request", "object")
    if before is None and any(text(rule, "key") == SKIP_LABEL for rule in _expressions(webhook)):
        skipping = {**request, "metadata": {**request["metadata"], "labels": {SKIP_LABEL: "true"}}}
        try:
            before = ports.cluster.dry_run_pod(subject.namespace, skipping)
        except FlowError:
            before = None
    findings.show("pod_before", before or request)
    findings.show("pod_after", after)
    had = {(text(box, "name"), name) for box in containers(before or request) for name in environment(box)}
    findings.show(
        "environment",
        [
            {"container": text(box, "name"), "name": name, "value": value}
            for box in containers(after)
            for name, value in environment(box).items()
            if (text(box, "name"), name) not in had
        ],
    )


def _expressions(webhook: JsonValue) -> list[JsonValue]:
    return items(webhook, "objectSelector", "matchExpressions")


def _admission_review(exchanges: Sequence[Exchange]) -> JsonValue:
    """The last call of the webhook among these exchanges, with its JSON patch decoded."""
    for exchange in reversed(exchanges):
        if exchange.callee == "pod-identity-webhook":
            answer = _parsed(exchange.response_body)
            patch = _parsed(_decoded(text(answer, "response", "patch")))
            return {"request": _parsed(exchange.request_body), "response": answer, "patch": patch}
    return None


def _parsed(words: str) -> JsonValue:
    try:
        return strict_json.loads(words)
    except ValueError:
        return None


def _decoded(words: str) -> str:
    try:
        return base64.b64decode(words).decode("utf-8", "replace")
    except ValueError:
        return ""


def _mutated(findings: Findings, pod: JsonValue, trail: Trail) -> None:
    """The three things that the webhook adds."""
    where = "POST pods?dryRun=All .spec"
    boxes = containers(pod)

    # (5) The volume: a wish for a token with this audience.
    audience = annotated_audience(trail.service_account)
    source = token_source(pod)
    findings.judge(
        "webhook.volume",
        text(source, "audience") == audience,
        got=f"{VOLUME} {_compact(source)}" if source else [text(v, "name") for v in items(pod, "spec", "volumes")],
        expected=f"{VOLUME} audience={audience}",
        where=f"{where}.volumes",
    )

    # (6) Its mount in every container.
    findings.judge(
        "webhook.mount",
        bool(boxes) and all(mount_path(box) for box in boxes),
        got=[f"{text(box, 'name')}: {mount_path(box)}" for box in boxes],
        expected=TOKEN_DIRECTORY,
        where=f"{where}.containers[].volumeMounts",
    )

    # (7) The two variables that the SDKs look for.
    variables = [environment(box) for box in boxes]
    findings.judge(
        "webhook.environment",
        bool(boxes) and all(_points_at_role(box, trail) for box in variables),
        got=[f"{name}={box[name]}" for box in variables for name in (ROLE_VARIABLE, TOKEN_VARIABLE) if name in box],
        expected=[f"{ROLE_VARIABLE}={trail.role_arn}", f"{TOKEN_VARIABLE}={TOKEN_DIRECTORY}/token"],
        where=f"{where}.containers[].env",
    )


def _points_at_role(variables: dict[str, str], trail: Trail) -> bool:
    role = variables.get(ROLE_VARIABLE, "")
    return bool(role) and role == (trail.role_arn or role) and bool(variables.get(TOKEN_VARIABLE))


def _missing(pod: JsonValue, trail: Trail) -> list[str]:
    """Which of the webhook's parts the stored Pod lacks."""
    boxes = containers(pod)
    variables = [environment(box) for box in boxes]
    parts = {
        f"volume {VOLUME}": token_source(pod) is not None,
        "volumeMounts": bool(boxes) and all(mount_path(box) for box in boxes),
        ROLE_VARIABLE: bool(boxes) and all(_points_at_role({TOKEN_VARIABLE: "-", **box}, trail) for box in variables),
        TOKEN_VARIABLE: bool(boxes) and all(box.get(TOKEN_VARIABLE) for box in variables),
    }
    return [part for part, present in parts.items() if not present]


def _compact(source: JsonValue) -> str:
    return " ".join(f"{key}={value}" for key, value in mapping(source).items())
