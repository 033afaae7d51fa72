"""Whether the annotation points to a role of the account that we look into.

STS looks for the issuer's provider in the account of the role. It refuses an ARN with a wrong account in the same words
as a missing provider. A role of the same name in our account tells the two apart. Where the annotation points to no
role at all, the roles that let in the ServiceAccount show which one may be meant.
"""

from __future__ import annotations

from app.flow.doctor.evidence import audience_of, check_of, evidence_of, role_arn_of
from app.flow.doctor.trust_fix import Bearer
from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get, get_str
from app.flow.model import JsonValue, Status, Step, StepReport, Walk
from app.flow.names import account_of, provider_arn, role_of, subject_claim
from app.flow.ports import Ports
from app.flow.steps.findings import OTHER_ACCOUNT, ROLE_UNKNOWN, Findings
from app.flow.steps.trust_policy import strangers_of
from app.flow.verdict.refusals import ANSWER

_ACCOUNT = "service_account.account"
CHECKS = (_ACCOUNT,)
ADMITTING = "admitting_roles"
"""The evidence of the roles that let in the ServiceAccount; `wide` are those roles that let in others as well."""


def inspect(ports: Ports, walk: Walk) -> StepReport:
    """Compares the accounts, and looks for a role of the same name in ours where they differ. Never raises."""
    findings = Findings(Step.SERVICE_ACCOUNT, ports, CHECKS)
    role_arn = role_arn_of(walk)
    parts = role_of(role_arn)
    if parts is None:
        _show_admitting(findings, ports, walk)
        return findings.report()
    partition, account, name = parts
    where = f"ServiceAccount {walk.subject.namespace}/{walk.subject.service_account} .metadata.annotations"
    try:
        ours = _ours(ports, walk)
    except FlowError as error:
        findings.unread(_ACCOUNT, error, where=where)
        return findings.report()
    if account == ours:
        findings.judge(_ACCOUNT, True, got=account, expected=ours, where=where)
        return findings.report()

    # If our account has a role of this name, it may be the one that was meant, unless STS accepted the annotated ARN.
    # If it lets in the ServiceAccount, it is.
    role: JsonValue = None
    said = ""
    try:
        role = ports.aws.role(name)
    except NotFound as error:
        said = error.server_message
    except FlowError as error:
        findings.unread(_ACCOUNT, error, where=where)
        return findings.report()
    here, answer = get_str(role, "Arn"), check_of(walk, ANSWER)
    refused = answer is not None and answer.status is Status.FAILED
    issuer = get_str(evidence_of(walk, "cluster_discovery"), "issuer")
    expected = here or f"arn:{partition}:iam::{ours}:role/…"
    if here and refused and not _bearer(walk, here, issuer).is_let_in(get(role, "AssumeRolePolicyDocument")):
        findings.unknown(_ACCOUNT, OTHER_ACCOUNT, where=where, expected=expected)
        return findings.report()
    findings.judge(
        _ACCOUNT,
        False,
        got=role_arn,
        expected=expected,
        where=where,
        error=said,
        otherwise=Status.FAILED if here and refused else Status.WARNING,
    )
    return findings.report()


def _show_admitting(findings: Findings, ports: Ports, walk: Walk) -> None:
    """Evidence: the roles whose trust policy lets in the ServiceAccount, for which the annotation points to none."""
    account = check_of(walk, "service_account.exists")
    issuer = get_str(evidence_of(walk, "cluster_discovery"), "issuer")
    if not issuer or account is None or account.status not in (Status.PASSED, Status.FAILED):
        return
    try:
        roles = list(ports.aws.roles())
    except FlowError:
        return
    found = []
    for role in roles:
        arn, policy = get_str(role, "Arn"), get(role, "AssumeRolePolicyDocument")
        bearer = _bearer(walk, arn, issuer)
        if bearer.is_let_in(policy):
            wide = any(bearer.may_be_let_in(policy, stranger) for stranger in strangers_of(bearer.subject, policy))
            found.append({"Arn": arn, "AssumeRolePolicyDocument": policy, "wide": wide})
    provider = check_of(walk, "provider.exists")
    if found or provider is None or provider.reason != ROLE_UNKNOWN:  # that another account has none says nothing
        findings.show(ADMITTING, found)


def _bearer(walk: Walk, arn: str, issuer: str) -> Bearer:
    """A token of the ServiceAccount, at STS in the account of the role."""
    return Bearer(
        issuer=issuer,
        provider_arn=provider_arn(arn, issuer),
        subject=subject_claim(walk.subject),
        audience=audience_of(walk),
    )


def _ours(ports: Ports, walk: Walk) -> str:
    """The id of our account: that of the providers that were listed. Raises `FlowError`."""
    provider = check_of(walk, "provider.exists")
    if provider is not None and provider.status is Status.PASSED:
        return account_of(provider.got)
    return get_str(ports.aws.caller_identity(), "Account")
