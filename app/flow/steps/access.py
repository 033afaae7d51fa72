"""Step 6: a request signed with the temporary credentials, and whether the role may do what its Pod asks for.

Everyone may ask who they are (GetCallerIdentity takes no permission). Beyond that a role is judged by what its Pod
asks for, and by nothing else. Rule: IAM's evaluation of identity policies and permissions boundaries, as
`app.flow.permissions` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.flow.errors import FlowError
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import NO_ACTION, NOT_OBSERVABLE, JsonValue, Step, StepReport, Subject, Walk
from app.flow.names import account_of, boundary_of, provider_arn, role_name, subject_claim
from app.flow.permissions import Policies
from app.flow.permissions.asked import ANY, LIST_BUCKETS, AskedAction, of_command
from app.flow.permissions.decision import Decision, Role, decide_actions
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unanswered
from app.flow.steps.step_context import StepContext
from app.flow.token import MalformedToken, decode
from app.flow.trust import request_facts, session_keys

_IDENTITY, POLICY, LISTING = "access.identity", "access.policy", "access.list_buckets"
CHECKS = (_IDENTITY, POLICY, LISTING)


def inspect(ports: Ports, subject: Subject, step_context: StepContext) -> tuple[StepReport, StepContext]:
    """Asks AWS who we are now, whether the role may do what the Pod needs, and for the buckets if the Pod lists them.

    Never raises.
    """
    findings = Findings(Step.ACCESS, ports, CHECKS)
    if step_context.asked:
        findings.show("asked_actions", step_context.asked)
    asked = step_context.asked or of_command(step_context.pod)
    lists = any(map(_is_listing, asked))
    if not lists:
        findings.unknown(LISTING, NO_ACTION, where="s3:ListBuckets")
    if step_context.credentials is None:
        findings.unreached_by_earlier_step(_IDENTITY, LISTING)
        _policy(findings, ports, subject, step_context, asked)
        return findings.report(), step_context

    # (1) Who we are.
    where = "sts:GetCallerIdentity"
    try:
        identity = ports.aws.caller_identity(step_context.credentials)
    except FlowError as error:
        _refused(findings, _IDENTITY, error, expected=step_context.assumed_role_arn, where=where)
    else:
        findings.show("identity", identity)
        arn = get_str(identity, "Arn")
        ours = bool(arn) and arn == step_context.assumed_role_arn
        findings.judge(_IDENTITY, ours, got=arn or identity, expected=step_context.assumed_role_arn, where=where)

    # (2) What the role may do.
    denied = _policy(findings, ports, subject, step_context, asked)

    # (3) S3's response, where the Pod lists the buckets.
    if lists:
        try:
            buckets = list(ports.aws.list_buckets(step_context.credentials))
        except FlowError as error:
            _refused(findings, LISTING, error, expected=LIST_BUCKETS, where="s3:ListBuckets")
        else:
            findings.show("buckets", buckets)
            findings.judge(LISTING, True, got=buckets, expected=LIST_BUCKETS, where="s3:ListBuckets")
            if all(map(_is_listing, denied or asked)):
                findings.soften(POLICY)
    return findings.report(), step_context


@dataclass(frozen=True, kw_only=True)
class Denied:
    """What AWS has denied to the Pod."""

    actions: tuple[AskedAction, ...] = ()
    message: str = ""
    """The error message of the denial."""
    kind: str = ""
    """The kind of policy that denied it, as the message names it; empty where the message names none."""


def asked_again(ports: Ports, walk: Walk, denied: Denied, audience: str) -> Walk:
    """The walk, with its policies judged by what was denied to the Pod. The same where nothing was.

    `audience` is that of the token that the Pod is to have, which counts where the walk has read none.
    What the caller or the Pod's command line said before counts more. Never raises.
    """
    report = walk.report(Step.ACCESS)
    evidence = {name: document for it in walk for name, document in it.evidence.items()}
    if not denied.actions or report.check(POLICY).reason != NO_ACTION or "role" not in evidence:
        return walk
    findings = Findings(Step.ACCESS, ports, (POLICY,))
    role_arn = get_str(evidence["role"], "Arn")
    issuer = get_str(evidence.get("cluster_discovery"), "issuer")
    claims = get_object(evidence.get("token"), "claims") or _claims(walk.subject, issuer, audience)
    role = Role(
        arn=role_arn,
        boundary=boundary_of(evidence["role"]),
        keys=_session_keys(role_arn, claims),
        facts=request_facts(ports.clock.now()),
    )
    known = [(get_str(it, "name"), get_object(it).get("document")) for it in get_list(evidence.get("policies"))]
    policies = known if "policies" in evidence else _read(ports, role_name(role.arn))
    _judge(findings, ports, role, policies, denied.actions, denied)
    new = findings.report()
    checks = tuple(new.check(POLICY) if it.id == POLICY else it for it in report.checks)
    changed = replace(
        report,
        checks=checks,
        evidence={**report.evidence, **new.evidence},
        exchanges=(*report.exchanges, *new.exchanges),
    )
    return replace(walk, reports=tuple(changed if it is report else it for it in walk))


def _policy(
    findings: Findings, ports: Ports, subject: Subject, step_context: StepContext, asked: Sequence[AskedAction]
) -> tuple[AskedAction, ...]:
    """Decides `access.policy`, and returns the actions that the policies deny."""
    if not step_context.role_name:
        findings.unreached_by_earlier_step(POLICY)
        return ()
    try:
        claims: JsonValue = decode(step_context.token).claims
    except MalformedToken:  # or there is no token: the Pod has not been looked into
        claims = _claims(subject, step_context.issuer, step_context.audience)
    role = Role(
        arn=step_context.role_arn,
        boundary=step_context.boundary,
        keys=_session_keys(step_context.role_arn, claims),
        facts=request_facts(ports.clock.now()),
    )
    policies = _read(ports, role_name(role.arn))
    if not isinstance(policies, FlowError):
        findings.show("policies", [{"name": name, "document": document} for name, document in policies])
    return _judge(findings, ports, role, policies, asked)


def _read(ports: Ports, role_name: str) -> Policies | FlowError:
    try:
        return ports.aws.role_policies(role_name)
    except FlowError as error:
        return error


def _judge(
    findings: Findings,
    ports: Ports,
    role: Role,
    policies: Policies | FlowError,
    asked: Sequence[AskedAction],
    before: Denied | None = None,
) -> tuple[AskedAction, ...]:
    """Decides `access.policy`, and returns the actions that the policies deny. The first of them decides, else the
    first that is open.

    `before` is how AWS denied it to the Pod: it stays open where that was by a policy of a kind that was not read.
    """
    where = f"Role {role_name(role.arn)}"
    if not asked:
        findings.unknown(POLICY, NO_ACTION, where=where)
        return ()
    expected = ", ".join(_named(it) for it in asked)
    try:
        decisions = decide_actions(ports, role, policies, asked)
    except FlowError as error:
        findings.refused(POLICY, error, expected=expected, where=where)
        return ()
    denied = [it for it in decisions if not it.allowed and not it.open]
    open_ = [it for it in decisions if it.open]
    speaks = next(iter((*denied, *open_, *decisions)))
    findings.show(
        "permission_decision",
        {**speaks.document, "denied": [{"action": it.asked.action, "resource": it.asked.resource} for it in denied]},
    )
    message = before.message if before else ""
    if denied:
        findings.judge(POLICY, False, got=_got(speaks), expected=f"allow: {expected}", where=where, error=message)
    elif open_:
        findings.unknown(POLICY, speaks.open, where=where, expected=expected)
    elif before and not _covers(speaks, before.kind, role):
        findings.unknown(POLICY, NOT_OBSERVABLE, where=where, expected=expected, error=message)
    else:
        findings.judge(POLICY, True, got=_got(speaks), expected=f"allow: {expected}", where=where)
    return tuple(it.asked for it in denied)


def _is_listing(asked: AskedAction) -> bool:
    return asked.action.lower() == LIST_BUCKETS.lower()


def _covers(decision: Decision, kind: str, role: Role) -> bool:
    """Whether policies of that kind have been taken into account in the decision."""
    match kind:
        case "" | "identity-based policy":
            return True
        case "permissions boundary":
            return not role.boundary or decision.boundary_allows is True
        case "service control policy":
            return decision.organization_allows is True
    return False


def _named(asked: AskedAction) -> str:
    return asked.action if asked.resource in ("", ANY) else f"{asked.action} {asked.resource}"


def _got(decision: Decision) -> str:
    """The decision, with the action that it is about, and with what limits the role's policies."""
    limits = (
        ("permissions boundary", decision.boundary_allows),
        ("service control policy", decision.organization_allows),
    )
    by = next((f" ({name})" for name, allows in limits if allows is False), "")
    return f"{decision.reason}{by}: {_named(decision.asked)}"


def _claims(subject: Subject, issuer: str, audience: str) -> JsonValue:
    """The claims that tokens of the ServiceAccount have, where no token could be read."""
    return {"iss": issuer, "sub": subject_claim(subject), "aud": [audience]}


def _session_keys(role_arn: str, claims: JsonValue) -> dict[str, str | list[str]]:
    """The condition keys of a request in the session: its role, and what the session keeps of the token."""
    issuer = get_str(claims, "iss")
    kept = session_keys(issuer, claims, provider_arn(role_arn, issuer)) if issuer else {}
    of_role = {
        "aws:PrincipalArn": role_arn,
        "aws:PrincipalAccount": account_of(role_arn),
        "aws:PrincipalType": "AssumedRole",
    }
    return {**of_role, **kept}


def _refused(findings: Findings, check_id: str, error: FlowError, *, expected: str, where: str) -> None:
    """An AccessDenied for the role's credentials decides the check: it is the answer to our question, and not a
    permission that we lack."""
    if reason := unanswered(error):
        findings.unknown(check_id, reason, where=where, error=error.server_message, expected=expected)
    else:
        findings.judge(check_id, False, got=error.code, expected=expected, where=where, error=error.server_message)
