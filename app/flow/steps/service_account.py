"""Step 2: the ServiceAccount names a role, and the role's trust policy names the ServiceAccount.

Rules: the webhook's annotations (amazon-eks-pod-identity-webhook, pkg/annotations.go); the IAM policy
language as `app.flow.trust` evaluates it. The token is not known yet, so the claims are those that the
API server will write.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.flow.annotations import OF_KUBE2IAM, ROLE_ARN
from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import JsonValue, Status, Step, StepReport, Subject
from app.flow.names import account_of, annotated_role_arn, boundary_of, provider_arn, role_of, subject_claim
from app.flow.partitions import partition_of, region_of
from app.flow.ports import Ports
from app.flow.steps import kubelet_status
from app.flow.steps.findings import BY_HAND, BY_POD_IDENTITY, ISSUER_ASSUMED, OTHER_ACCOUNT, Findings, unseen
from app.flow.steps.injection import ROLE_VARIABLE, by_pod_identity, own_token, written_role
from app.flow.steps.step_context import StepContext
from app.flow.steps.trust_policy import judge_trust
from app.flow.steps.webhook import NEXT_POD

_TRUST = ("trust.provider", "trust.action", "trust.audience", "trust.subject", "trust.decision", "trust.scope")
CHECKS = (
    "service_account.exists",
    "service_account.annotation",
    "service_account.role_arn",
    "role.exists",
    *_TRUST,
)
KEPT_ROLE = "kept_role"
"""The evidence of a role that the Pod has from an annotation that was removed, or from the webhook's own settings."""
WEBHOOKS_OWN = "webhooks_own"
"""The reason of a missing annotation where a webhook that is not EKS's own may know the role without it: by its
ConfigMap (`--watch-config-map`, as on kOps), or under another prefix (`--annotation-prefix`)."""
ON_POD = "on_pod"
"""The reason of a role's annotation on the Pod, where the webhook does not read it (its pkg/cache)."""
KUBE2IAM = "kube2iam"
"""The reason of a missing annotation where the Pod has that of kube2iam and kiam."""
EMPTY = "empty_annotation"
"""The reason of an annotation without a value, which the webhook takes for none (its pkg/cache, `Get`)."""


def inspect(ports: Ports, subject: Subject, step_context: StepContext) -> tuple[StepReport, StepContext]:
    """Reads the ServiceAccount, its annotation and the role, and evaluates the trust policy. Never raises."""
    findings = Findings(Step.SERVICE_ACCOUNT, ports, CHECKS)
    where = _place(subject)

    # (1) The ServiceAccount.
    try:
        service_account = ports.cluster.service_account(subject.namespace, subject.service_account)
    except FlowError as error:
        findings.refused("service_account.exists", error, expected=where, where=where)
        return findings.report(), replace(step_context, service_account_unseen=unseen(error))
    findings.show("service_account", service_account)
    name = get_str(service_account, "metadata", "name")
    found = findings.judge(
        "service_account.exists",
        name == subject.service_account,
        got=name or service_account,
        expected=subject.service_account,
        where=where,
    )
    if not found:
        return findings.report(), step_context
    step_context = replace(step_context, service_account=service_account)

    # (2) Its annotation, under exactly this key.
    step_context, role_arn, where = _role_arn(findings, ports, subject, step_context)
    if not role_arn:
        return findings.report(), step_context
    step_context = replace(step_context, role_arn=role_arn)

    # (3) Its value is the ARN of a role.
    parts = role_of(role_arn)
    expected = f"arn:{partition_of(step_context.issuer, step_context.provider_arn)}:iam::ACCOUNT_ID:role/ROLE_NAME"
    findings.judge("service_account.role_arn", parts is not None, got=role_arn, expected=expected, where=where)
    if parts is None:
        return findings.report(), step_context

    # (4) The role.
    role = _role(findings, ports, step_context, parts[1], parts[2])
    if role is None:
        return findings.report(), step_context
    policy = role.pop("AssumeRolePolicyDocument", None)
    findings.show("role", role)
    findings.show("trust_policy", policy)
    step_context = replace(step_context, role_name=parts[2], boundary=boundary_of(role), trust_policy=policy)

    # (5) Its trust policy, for the claims that this ServiceAccount's tokens carry.
    if step_context.issuer:
        claims = {"sub": subject_claim(subject), "aud": [step_context.audience]}
        only_one = len(get_list(step_context.provider, "ClientIDList")) == 1  # no token with another audience helps
        judge_trust(
            findings,
            policy,
            claims,
            issuer=step_context.issuer,
            provider=provider_arn(role_arn, step_context.issuer),
            name=parts[2],
            audience_unseen="" if only_one else step_context.audience_unseen,
            now=ports.clock.now(),
        )
        if step_context.issuer_assumed:
            expected, where = provider_arn(role_arn, step_context.issuer), f"Role {parts[2]} AssumeRolePolicyDocument"
            for check_id in filter(findings.passed, ("trust.provider", "trust.decision")):
                findings.unknown(check_id, ISSUER_ASSUMED, where=where, expected=expected)
    else:
        findings.unreached_by_earlier_step(*_TRUST)
    return findings.report(), step_context


def _place(subject: Subject) -> str:
    return f"ServiceAccount {subject.namespace}/{subject.service_account}"


def _role_arn(
    findings: Findings, ports: Ports, subject: Subject, step_context: StepContext
) -> tuple[StepContext, str, str]:
    """The role that the Pod is to assume, empty where there is none, and the place that names it: the annotation, or a
    Pod that has its role without one."""
    annotations = get_object(step_context.service_account, "metadata", "annotations")
    role_arn = get_str(annotations, ROLE_ARN)
    where = f"{_place(subject)} .metadata.annotations"
    pod = _pod(ports, subject) if not role_arn else None
    if own := own_token(pod):
        findings.show("own_token", own)
        where = f"Pod {subject.namespace}/{subject.pod} {own}"
        findings.unknown("service_account.annotation", BY_HAND, where=where)
        return replace(step_context, own_token=own), own.role_arn, f"{where} {own.container} {ROLE_VARIABLE}"
    if not role_arn and (elsewhere := annotated_role_arn(pod)):
        where = f"Pod {subject.namespace}/{subject.pod} .metadata.annotations"
        findings.judge(
            "service_account.annotation", False, got=f"{ROLE_ARN}={elsewhere}", expected=ROLE_ARN, where=where
        )
        findings.explain("service_account.annotation", Status.FAILED, ON_POD)
        return step_context, "", where
    got: JsonValue = role_arn or [f'{name}=""' if name == ROLE_ARN else name for name in annotations]
    findings.judge("service_account.annotation", bool(role_arn), got=got, expected=ROLE_ARN, where=where)
    if role_arn:
        return step_context, role_arn, where
    if ROLE_ARN in annotations:
        findings.explain("service_account.annotation", Status.FAILED, EMPTY)
    elif get_str(pod, "metadata", "annotations", OF_KUBE2IAM):
        findings.explain("service_account.annotation", Status.FAILED, KUBE2IAM)
    if by_pod_identity(pod, step_context.service_account):
        findings.explain("service_account.annotation", Status.FAILED, BY_POD_IDENTITY)
    written = written_role(pod, subject.service_account)
    own_webhook = not region_of(step_context.issuer) or written in _under_other_prefixes(annotations)
    kept = written if kubelet_status.pod_runs(pod) or own_webhook else ""
    if kept:
        findings.show(KEPT_ROLE, kept)
        findings.soften("service_account.annotation", WEBHOOKS_OWN if own_webhook else NEXT_POD)
        where = f"Pod {subject.namespace}/{subject.pod} {ROLE_VARIABLE}"
    return step_context, kept, where


def _under_other_prefixes(annotations: Mapping[str, JsonValue]) -> list[str]:
    """The values of annotations that a second webhook, beside that of EKS, may read: of the same name under another
    prefix, but not under a misspelled one."""
    name = ROLE_ARN.partition("/")[2]
    return [str(value) for key, value in annotations.items() if key.endswith(f"/{name}") and "amazon" not in key]


def _pod(ports: Ports, subject: Subject) -> JsonValue:
    """The Pod; None where there is none, or we cannot see it."""
    try:
        return ports.cluster.pod(subject.namespace, subject.pod) if subject.pod else None
    except FlowError:
        return None


def _role(
    findings: Findings, ports: Ports, step_context: StepContext, account: str, name: str
) -> dict[str, JsonValue] | None:
    """The role as IAM has it, if it is the one that the annotation names."""
    where = "iam:GetRole"
    try:
        answer = ports.aws.role(name)
    except FlowError as error:
        if isinstance(error, NotFound) and account != _our_account(ports, step_context, account):
            findings.unknown(
                "role.exists", OTHER_ACCOUNT, where=where, error=error.server_message, expected=step_context.role_arn
            )
        else:
            findings.refused("role.exists", error, expected=step_context.role_arn, where=where)
        return None
    arn = get_str(answer, "Arn")
    if arn != step_context.role_arn:
        findings.show("role_found", answer)
    if arn != step_context.role_arn and account != _our_account(ports, step_context, account):
        findings.unknown("role.exists", OTHER_ACCOUNT, where=where, expected=step_context.role_arn)
        return None
    found = findings.judge(
        "role.exists", arn == step_context.role_arn, got=arn or answer, expected=step_context.role_arn, where=where
    )
    return get_object(answer) if found else None


def _our_account(ports: Ports, step_context: StepContext, of_role: str) -> str:
    """The account in which we look, asked for only where no provider shows it; that of the role where no one says."""
    known = account_of(step_context.provider_arn) or step_context.account
    if known or step_context.provider_arns:
        return known or of_role
    try:
        return get_str(ports.aws.caller_identity(), "Account") or of_role
    except FlowError:
        return of_role
