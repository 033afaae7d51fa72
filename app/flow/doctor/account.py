"""Whether the annotation names a role of the account that we look into.

STS looks for the issuer's provider in the account of the role. An ARN with a wrong account is refused in the same words
as a provider that is missing; a role of the same name in our account tells the two apart.
"""

from __future__ import annotations

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.evidence import check_of, evidence_of
from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get_str
from app.flow.model import Status, Step, StepReport, Walk
from app.flow.names import account_of, role_of
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unseen
from app.flow.verdict.refusals import ANSWER

CHECKS = ("service_account.account",)


def inspect(ports: Ports, walk: Walk) -> StepReport:
    """Compares the accounts, and looks for a role of the same name in ours where they differ. Never raises."""
    findings = Findings(Step.SERVICE_ACCOUNT, ports, CHECKS)
    role_arn = get_str(evidence_of(walk, "service_account"), "metadata", "annotations", ROLE_ARN)
    parts = role_of(role_arn)
    if parts is None:
        return findings.report()
    partition, account, name = parts
    where = f"ServiceAccount {walk.subject.namespace}/{walk.subject.service_account} .metadata.annotations"
    try:
        ours = _ours(ports, walk)
    except FlowError as error:
        findings.unknown(CHECKS[0], unseen(error) or "not_observable", where=where, error=error.server_message)
        return findings.report()
    if account == ours:
        findings.judge(CHECKS[0], True, got=account, expected=ours, where=where)
        return findings.report()

    # A role that is here under this name is what was meant, if STS did not take the one that was written.
    here, said = "", ""
    try:
        here = get_str(ports.aws.role(name), "Arn")
    except NotFound as error:
        said = error.server_message
    except FlowError as error:
        findings.unknown(CHECKS[0], unseen(error) or "not_observable", where=where, error=error.server_message)
        return findings.report()
    answer = check_of(walk, ANSWER)
    refused = answer is not None and answer.status is Status.FAILED
    findings.judge(
        CHECKS[0],
        False,
        got=role_arn,
        expected=here or f"arn:{partition}:iam::{ours}:role/…",
        where=where,
        error=said,
        otherwise=Status.FAILED if here and refused else Status.WARNING,
    )
    return findings.report()


def _ours(ports: Ports, walk: Walk) -> str:
    """The account whose providers were listed. Raises `FlowError`."""
    provider = check_of(walk, "provider.exists")
    if provider is not None and provider.status is Status.PASSED:
        return account_of(provider.got)
    return get_str(ports.aws.caller_identity(), "Account")
