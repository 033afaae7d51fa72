"""Step 3: at CREATE the API server calls the pod identity webhook, which writes the token's volume into the Pod.

The webhook is really called: by a server-side dry run of the same Pod. Rules: amazon-eks-pod-identity-webhook
(pkg/handler/handler.go); Kubernetes' label selectors.
"""

from __future__ import annotations

from dataclasses import replace

from app.flow.errors import FlowError, Refused
from app.flow.json_access import get, get_list, get_object, get_str, shown
from app.flow.model import NOT_OBSERVABLE, JsonValue, Step, StepReport, Subject
from app.flow.names import annotated_role_arn
from app.flow.ports import Ports
from app.flow.steps import kubelet_status, selectors
from app.flow.steps.findings import BY_HAND, NO_POD, Findings, unseen
from app.flow.steps.injection import ROLE_VARIABLE, own_token, request_pod, token_source, written_roles
from app.flow.steps.mutation import DRY_RUN, PARTS, judge_mutation, present_parts, show_mutation
from app.flow.steps.oidc_provider import USUAL_AUDIENCE
from app.flow.steps.step_context import StepContext
from app.flow.webhook import CONFIGURATION, RULE, WEBHOOKS

_OF_WEBHOOK = (
    "webhook.registered",
    "webhook.selector",
    "webhook.dry_run",
    "webhook.volume",
    "webhook.mount",
    "webhook.environment",
)
CHECKS = (*_OF_WEBHOOK, "pod.exists", "pod.injected")
_BROUGHT = tuple(check_id for check_id in _OF_WEBHOOK if check_id != "webhook.dry_run")
"""The checks of the webhook and of its additions, for a Pod that does not mount the token itself."""
NOT_CALLED = "failed calling webhook"
"""In what the API server says when a webhook with `failurePolicy: Fail` did not answer: it then stores no Pod at all.
Source: k8s.io/apiserver, pkg/admission/plugin/webhook/errors."""
NAMESPACES = "namespaceSelector"
BLIND = "webhook_not_called"
"""The evidence of a registration that exists, but not for the creation of Pods: its name, and its webhook's index."""
_NEW_PODS = {
    "operations": {"CREATE", "*"},
    "apiGroups": {"", "*"},
    "apiVersions": {"v1", "*"},
    "resources": {"pods", "*", "pods/*", "*/*"},
}
"""What a rule may contain to be about the creation of Pods (k8s.io/apiserver, pkg/admission/plugin/webhook/predicates:
`pods/*` stands for the Pods themselves as well)."""
NEXT_POD = "next_pod"
"""The reason of a warning about what the next Pod will lack: the one that runs was edited before."""
MOUNTED_TWICE = "mounted_twice"
"""The reason of a manifest that the API server refuses once the webhook has added to it."""
LATER = (NEXT_POD, MOUNTED_TWICE)
"""The reasons of what affects only the next Pod."""


def inspect(ports: Ports, subject: Subject, step_context: StepContext) -> tuple[StepReport, StepContext]:
    """Looks for the webhook, has it mutate the Pod in a dry run, and looks at the Pod that runs. Never raises."""
    findings = Findings(Step.WEBHOOK, ports, CHECKS)

    # (1) The Pod as it is stored: the model of the dry run below.
    pod, pod_unseen = _stored_pod(findings, ports, subject)
    step_context = replace(step_context, pod_unseen=pod_unseen)
    own = own_token(pod)
    if own and not annotated_role_arn(step_context.service_account):
        for check_id in (*_OF_WEBHOOK, "pod.injected"):
            findings.unknown(check_id, BY_HAND, where=f"Pod {subject.namespace}/{subject.pod} {own}")
        return findings.report(), replace(step_context, pod=pod)
    if own and own.role_arn == step_context.role_arn:  # the annotation as well: it matters only to the next Pod
        findings.show("own_token", own)
        step_context = replace(step_context, own_token=own)

    # (2) The webhook's registration, and whether it selects this Pod.
    webhook = _registered(findings, ports)
    if webhook is not None:
        _selected(findings, ports, webhook, get_object(pod, "metadata", "labels"), subject.namespace, pod_unseen)

    # (3) The same Pod once more, dry: the API server calls its webhooks and stores nothing.
    where = DRY_RUN
    request = request_pod(pod, subject.namespace, subject.service_account)
    try:
        after = ports.cluster.dry_run_pod(subject.namespace, request)
    except FlowError as error:
        if pod_unseen and isinstance(error, Refused) and NOT_CALLED not in error.server_message:
            # The admission rule refuses a Pod that we made up, and maybe not the real one.
            findings.unknown("webhook.dry_run", NOT_OBSERVABLE, where=where, error=error.server_message, expected="Pod")
        else:
            findings.refused("webhook.dry_run", error, expected="Pod", where=where)
    else:
        kind, name = get_str(after, "kind"), get_str(after, "metadata", "name")
        called = f"{kind} {name}".strip()
        if findings.judge("webhook.dry_run", kind == "Pod", got=called or after, expected="Pod", where=where):
            show_mutation(findings, ports, subject, request, after, webhook)
            source = token_source(after)
            if step_context.audience_unseen and not step_context.service_account_unseen and source:
                # Nothing else has shown the webhook's own setting.
                step_context = replace(step_context, usual_audience=get_str(source, "audience"), audience_unseen="")
                findings.show(USUAL_AUDIENCE, step_context.usual_audience)
            judge_mutation(findings, after, step_context)

    # (4) The Pod that runs.
    if pod is not None:
        present = present_parts(pod, step_context)
        where = f"Pod {subject.namespace}/{subject.pod} .spec"
        if step_context.own_token:  # the next Pod mounts its own token as well, whatever the webhook does
            for check_id in ("pod.injected", *(it for it in _BROUGHT if not findings.passed(it))):
                findings.unknown(check_id, BY_HAND, where=f"Pod {subject.namespace}/{subject.pod} {own}")
        else:
            others = [] if ROLE_VARIABLE in present else written_roles(pod)
            got = [*present, *(f"{ROLE_VARIABLE}={arn}" for arn in others)]
            wanted = f"{ROLE_VARIABLE}={step_context.role_arn}" if others else ROLE_VARIABLE
            expected = [wanted if part == ROLE_VARIABLE else part for part in PARTS]
            findings.judge("pod.injected", len(present) == len(PARTS), got=got, expected=expected, where=where)
        step_context = replace(step_context, pod=pod)
    if (step_context.own_token or findings.passed("pod.injected")) and kubelet_status.pod_runs(pod):
        for check_id in _OF_WEBHOOK:
            findings.soften(check_id, NEXT_POD)
    return findings.report(), step_context


def _stored_pod(findings: Findings, ports: Ports, subject: Subject) -> tuple[JsonValue, str]:
    """The Pod, if it exists, under any ServiceAccount; and why we could not see it, if we could not."""
    where = f"Pod {subject.namespace}/{subject.pod}"
    if not subject.pod:
        findings.unknown("pod.exists", NO_POD, where=f"{where}*")
        return None, NO_POD
    try:
        pod = ports.cluster.pod(subject.namespace, subject.pod)
    except FlowError as error:
        findings.refused("pod.exists", error, expected=where, where=where)
        return None, unseen(error)
    name = get_str(pod, "metadata", "name")
    found = findings.judge("pod.exists", name == subject.pod, got=name or pod, expected=subject.pod, where=where)
    return (pod if found else None), ""


def _registered(findings: Findings, ports: Ports) -> JsonValue:
    """The webhook's entry in its MutatingWebhookConfiguration; None where no entry is called for Pods."""
    where = "MutatingWebhookConfiguration"
    try:
        configurations = list(ports.cluster.mutating_webhooks())
    except FlowError as error:
        findings.refused("webhook.registered", error, expected=CONFIGURATION, where=where)
        return None
    names = [get_str(configuration, "metadata", "name") for configuration in configurations]
    seeing, blind = [], []
    for configuration, name in zip(configurations, names, strict=True):
        for place, webhook in enumerate(get_list(configuration, "webhooks")):
            called = get_str(webhook, "name")
            if called not in WEBHOOKS and name != CONFIGURATION:
                continue
            if _sees_new_pods(webhook):
                seeing.append((configuration, name, called, webhook))
            else:
                blind.append((name, place, called, get_list(webhook, "rules")))
    if seeing:
        # A registration that someone installed may exist beside that of EKS: one for the creation of Pods is enough.
        own = (found for found in seeing if get_str(found[3], "clientConfig", "url"))
        configuration, name, called, webhook = next(own, seeing[0])
        findings.show("configuration", configuration)
        where += f" {name} {called}"
        findings.judge("webhook.registered", True, got=name, expected=CONFIGURATION, where=where)
        return webhook
    if blind:
        name, place, called, rules = blind[0]
        findings.show(BLIND, {"configuration": name, "place": place})
        findings.judge("webhook.registered", False, got=rules, expected=RULE, where=f"{where} {name} {called} rules")
        return None
    findings.judge("webhook.registered", False, got=names, expected=CONFIGURATION, where=where)
    return None


def _sees_new_pods(webhook: JsonValue) -> bool:
    """Whether one of the rules is about the creation of Pods, all of its parts together."""
    return any(
        get_str(rule, "scope") in ("", "*", "Namespaced")
        and all(wanted & set(map(str, get_list(rule, part))) for part, wanted in _NEW_PODS.items())
        for rule in get_list(webhook, "rules")
    )


def _selected(
    findings: Findings, ports: Ports, webhook: JsonValue, labels: dict[str, JsonValue], namespace: str, pod_unseen: str
) -> None:
    """Decides about both selectors, and whether something else chooses.

    Where no Pod was chosen, the Pod is assumed to have no labels, like that of the dry run.
    """
    name, objects, namespaces = get_str(webhook, "name"), get(webhook, "objectSelector"), get(webhook, NAMESPACES)
    where = f"{name} objectSelector"

    # (1) The Pod's labels.
    if pod_unseen not in ("", NO_POD) and selectors.keys(objects):
        findings.unknown("webhook.selector", pod_unseen, where=where, expected=shown(objects))
        return
    if not selectors.matches(objects, labels):
        findings.judge("webhook.selector", False, got=labels, expected=objects, where=where)
        return

    # (2) The labels of its Namespace; before Kubernetes 1.21 they do not even contain its name.
    if selectors.keys(namespaces):
        where = f"{name} {NAMESPACES}"
        try:
            of_namespace = get_object(ports.cluster.namespace(namespace), "metadata", "labels")
        except FlowError as error:
            findings.unread("webhook.selector", error, where=where, expected=shown(namespaces))
            return
        findings.show("namespace_labels", of_namespace)
        if not selectors.matches(namespaces, of_namespace):
            findings.judge("webhook.selector", False, got=of_namespace, expected=namespaces, where=where)
            return

    # (3) Expressions of CEL, which only the API server evaluates.
    if conditions := get_list(webhook, "matchConditions"):
        where = f"{name} matchConditions"
        findings.unknown("webhook.selector", NOT_OBSERVABLE, where=where, expected=shown(conditions))
        return
    findings.judge("webhook.selector", True, got=labels, expected=objects or {}, where=f"{name} objectSelector")
