"""Step 6: a request signed with the temporary credentials, and whether the role's permissions allow it.

Rule: IAM's evaluation of identity policies, as `app.flow.permissions` has it. ListBuckets needs
`s3:ListAllMyBuckets`.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import JsonValue, Step, StepReport, Subject
from app.flow.names import provider_arn
from app.flow.partitions import partition_of
from app.flow.permissions import evaluate_permissions
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unanswered
from app.flow.steps.step_context import StepContext
from app.flow.token import MalformedToken, decode
from app.flow.trust import session_keys

CHECKS = ("access.identity", "access.policy", "access.list_buckets")
ACTION = "s3:ListAllMyBuckets"


def inspect(ports: Ports, subject: Subject, step_context: StepContext) -> tuple[StepReport, StepContext]:
    """Asks AWS who we are now, evaluates the role's policies and lists the buckets. Never raises."""
    findings = Findings(Step.ACCESS, ports, CHECKS)
    if step_context.credentials is None:
        findings.unreached_by_earlier_step("access.identity", "access.list_buckets")
        _policy(findings, ports, step_context)
        return findings.report(), step_context

    # (1) Who we are.
    where = "sts:GetCallerIdentity"
    try:
        identity = ports.aws.caller_identity(step_context.credentials)
    except FlowError as error:
        _refused(findings, "access.identity", error, expected=step_context.assumed_role_arn, where=where)
    else:
        findings.show("identity", identity)
        arn = get_str(identity, "Arn")
        ours = bool(arn) and arn == step_context.assumed_role_arn
        findings.judge(
            "access.identity", ours, got=arn or identity, expected=step_context.assumed_role_arn, where=where
        )

    # (2) What the role may do.
    _policy(findings, ports, step_context)

    # (3) What S3 says.
    try:
        buckets = list(ports.aws.list_buckets(step_context.credentials))
    except FlowError as error:
        _refused(findings, "access.list_buckets", error, expected=ACTION, where="s3:ListBuckets")
    else:
        findings.show("buckets", buckets)
        findings.judge("access.list_buckets", True, got=buckets, expected=ACTION, where="s3:ListBuckets")
        findings.soften("access.policy")
    return findings.report(), step_context


def _policy(findings: Findings, ports: Ports, step_context: StepContext) -> None:
    where = f"Role {step_context.role_name}"
    if not step_context.role_name:
        findings.unreached_by_earlier_step("access.policy")
        return
    try:
        policies: Sequence[tuple[str, JsonValue]] = ports.aws.role_policies(step_context.role_name)
    except FlowError as error:
        findings.refused("access.policy", error, expected=ACTION, where=where)
        return
    resource = f"arn:{partition_of(step_context.issuer, step_context.role_arn)}:s3:::*"
    decision = evaluate_permissions(policies, action=ACTION, resource=resource, keys=_request_keys(step_context))
    findings.show("policies", [{"name": name, "document": document} for name, document in policies])
    findings.show(
        "permission_decision",
        {"allowed": decision.allowed, "reason": decision.reason, "trace": decision.trace},
    )
    findings.judge("access.policy", decision.allowed, got=decision.reason, expected="allow", where=where)


def _request_keys(step_context: StepContext) -> dict[str, str | list[str]]:
    """What a request of the session says of itself: its role, and what the session keeps of the token."""
    role: dict[str, str | list[str]] = {"aws:PrincipalArn": step_context.role_arn}
    try:
        claims = decode(step_context.token).claims
    except MalformedToken:  # or there is none: the Pod has not been looked into
        return role
    issuer = get_str(claims, "iss")
    return role | session_keys(issuer, claims, provider_arn(step_context.role_arn, issuer))


def _refused(findings: Findings, check_id: str, error: FlowError, *, expected: str, where: str) -> None:
    """With the role's credentials an AccessDenied is the answer that we came for, not a hole in our own view."""
    if reason := unanswered(error):
        findings.unknown(check_id, reason, where=where, error=error.server_message, expected=expected)
    else:
        findings.judge(check_id, False, got=error.code, expected=expected, where=where, error=error.server_message)
