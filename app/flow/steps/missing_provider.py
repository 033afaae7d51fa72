"""Whether a provider is missing at all, where the account in which we looked has none for the cluster's issuer.

STS looks for it in the account of the role (IAM, AssumeRoleWithWebIdentity). Where nothing shows a role yet, that is
mostly the account of the cluster, and our credentials may be of any other.
"""

from __future__ import annotations

from dataclasses import replace

from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import Status, Subject
from app.flow.names import account_of, annotated_role_arn, role_of
from app.flow.ports import Ports
from app.flow.steps.findings import BY_POD_IDENTITY, ISSUER_ASSUMED, OTHER_ACCOUNT, ROLE_UNKNOWN, Findings
from app.flow.steps.injection import by_pod_identity, own_token, written_role
from app.flow.steps.step_context import StepContext

LIST = "iam:ListOpenIDConnectProviders"
LOOKED_IN, OF_CLUSTER = "looked_in", "cluster_account"
"""The evidence of the account in which we looked in vain, and of that of the cluster, each where it is known."""


def judge_missing(
    findings: Findings, ports: Ports, subject: Subject, step_context: StepContext, expected: str
) -> StepContext:
    """Decides `provider.exists`: failed where the account is known to be the right one, open in any other case."""
    # (1) The account of the role, else that of the cluster; and ours.
    role_arn, associated = _role(ports, subject)
    of_role = (role_of(role_arn) or ("", "", ""))[1]
    of_cluster = "" if of_role else ports.cluster_account()
    theirs = of_role or of_cluster
    ours = account_of(next(iter(step_context.provider_arns or ()), "")) or _caller(ports)
    for name, account in ((OF_CLUSTER, of_cluster), (LOOKED_IN, ours)):
        if account:
            findings.show(name, account)

    # (2) Whether they are the same.
    where = f"{LIST} {ours}".strip()
    if not theirs or (ours and ours != theirs):
        expected = expected.replace("ACCOUNT_ID", theirs or "ACCOUNT_ID")
        findings.unknown("provider.exists", OTHER_ACCOUNT if of_role else ROLE_UNKNOWN, where=where, expected=expected)
        return replace(step_context, account=ours)
    got = list(step_context.provider_arns or ())
    findings.judge("provider.exists", False, got=got, expected=expected, where=where)
    if step_context.issuer_assumed:
        findings.explain("provider.exists", Status.FAILED, ISSUER_ASSUMED)
    elif associated:
        findings.explain("provider.exists", Status.FAILED, BY_POD_IDENTITY)
    return step_context


def _role(ports: Ports, subject: Subject) -> tuple[str, bool]:
    """The role of the annotation, else of the Pod, empty where neither shows one; and whether the Pod has its role from
    EKS Pod Identity."""
    try:
        service_account = ports.cluster.service_account(subject.namespace, subject.service_account)
        role_arn = annotated_role_arn(service_account)
        if role_arn or not subject.pod:
            return role_arn, False
        pod = ports.cluster.pod(subject.namespace, subject.pod)
    except FlowError:
        return "", False
    own = own_token(pod)
    role_arn = own.role_arn if own else written_role(pod, subject.service_account)
    return role_arn, by_pod_identity(pod, service_account)


def _caller(ports: Ports) -> str:
    try:
        return get_str(ports.aws.caller_identity(), "Account")
    except FlowError:
        return ""
