"""Manifests and trust policies examined by the doctor's own checks, as far as files can decide them.

A file can show that a check fails. That it holds shows a file only where the check is about the file: whatever the
cluster or AWS may have otherwise stays open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.flow.doctor import Diagnosis, diagnose
from app.flow.doctor.trust_fix import may_be_stored
from app.flow.json_access import get_str
from app.flow.manifest_documents import Document, UnreadableDocument
from app.flow.manifests import workloads
from app.flow.manifests.offline import named_issuers, ports, trust_of
from app.flow.manifests.trust_documents import TrustDocument, trusts_of
from app.flow.manifests.workloads import Found, Manifests
from app.flow.matching.nearest import statements
from app.flow.model import Check, Status, Subject
from app.flow.names import annotated_role_arn
from app.flow.policy.policy_grammar import NO_TRUST_ACTION
from app.flow.steps.walk import walk
from app.flow.verdict.judge import Outcome

OFFLINE = "offline"
"""The reason of what files do not say."""
ISSUER_HERE = "https://oidc.eks.REGION.amazonaws.com/id/ID"
"""Stands for the issuer where neither the caller nor the trust policy names one."""
MOST_ISSUERS = 10
"""Issuers of one trust policy that are tried: within IAM's quota it has room for about as many."""
_BY_FILES = frozenset(
    {
        "service_account.annotation",
        "service_account.role_arn",
        "trust.action",
        "trust.audience",
        "trust.subject",
        "pod.service_account",
        "pod.static_keys",
        "pod.sdk",
    }
)
"""Checks of what is written in the files."""
_BY_ISSUER = frozenset({"trust.provider", "trust.decision", "trust.scope"})
"""Checks that files can decide once it is known which cluster they are for."""
_REFUTED_BY_FILES = frozenset(
    {
        "role.exists",
        "webhook.selector",
        "webhook.volume",
        "webhook.mount",
        "webhook.environment",
        "pod.pod_identity",
        "pod.skipped",
        "pod.token_readable",
        "pod.token_used",
        "pod.request",
        "pod.hop_limit",
        "token.lifetime",
    }
)
"""Checks that files can only show to fail."""


class OfFiles(Diagnosis):
    """A diagnosis of what was never deployed: what comes of a fix there, only a cluster shows."""

    @property
    def prediction(self) -> None:
        """None: the webhook has not seen the Pods of the files, and its settings are not known."""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """The examination of one ServiceAccount, with a workload that runs under it where there is one."""

    account: Found
    workload: Found | None
    trust: TrustDocument | None
    """None where no file has the trust policy of the role."""
    diagnosis: Diagnosis


@dataclass(frozen=True, kw_only=True)
class Examination:
    """All that the files come to."""

    examined: tuple[Examined, ...]
    manifests: Manifests
    trusts: tuple[TrustDocument, ...]
    """The trust policies that were given as such."""
    misplaced: tuple[TrustDocument, ...]
    """The trust policies that lie among the manifests. Nothing was judged by them."""

    @property
    def unread(self) -> tuple[TrustDocument, ...]:
        """Trust policies of which only a deployment knows a part."""
        return tuple(it for it in self.trusts if it.policy is None)

    @property
    def wrong(self) -> bool:
        """Whether something is wrong that the files show."""
        return any(it.diagnosis.verdict.outcome is Outcome.BROKEN for it in self.examined)


def examine(
    documents: Sequence[Document], trusts: Sequence[TrustDocument], *, issuer: str, namespace: str, now: float
) -> Examination:
    """Examines every ServiceAccount that is there for IRSA, or has a workload that is, once for each of its workloads.

    `issuer` and `namespace` are empty where the caller does not know them. `now`: Unix seconds. Raises
    `UnreadableDocument`, also where it is not known in which namespace something is: the token's `sub` contains it.
    """
    manifests = workloads.read(documents, namespace)
    asking = {
        (it.namespace, it.service_account) for it in manifests.workloads if workloads.asks_for_a_role(it.document)
    }
    accounts = [it for name, it in manifests.accounts.items() if name in asking or workloads.wants_a_role(it.document)]
    names = {it.name for it in accounts}
    for item in (*accounts, *(it for it in manifests.workloads if it.service_account in names)):
        if not item.namespace:
            raise UnreadableDocument(item.path, item.line, f"{item.kind} {item.name}: metadata.namespace")
    found = [
        _examined(account, workload, list(trusts), issuer, now)
        for account in accounts
        for workload in _pods_of(account, accounts, manifests)
    ]
    misplaced = tuple(it for document in documents for it in _misplaced(document))
    return Examination(examined=tuple(found), manifests=manifests, trusts=tuple(trusts), misplaced=misplaced)


def _misplaced(document: Document) -> list[TrustDocument]:
    """The trust policies in what should be a manifest. What is broken in them does not matter there."""
    try:
        return [] if get_str(document.value, "kind") else list(trusts_of(document))
    except UnreadableDocument:
        return []


def _pods_of(account: Found, accounts: Sequence[Found], manifests: Manifests) -> list[Found | None]:
    """The workloads under the ServiceAccount; else the one that must have been meant; else none.

    One was meant where it alone says no ServiceAccount, and where this is the only one that nothing runs under.
    """
    near = [it for it in manifests.workloads if it.namespace == account.namespace]
    own: list[Found | None] = [it for it in near if it.service_account == account.name]
    if own:
        return own
    used = {it.service_account for it in near}
    unused = [it for it in accounts if it.namespace == account.namespace and it.name not in used]
    silent: list[Found | None] = [it for it in near if not it.service_account]
    return silent if len(silent) == len(unused) == 1 else [None]


def _examined(account: Found, workload: Found | None, trusts: list[TrustDocument], issuer: str, now: float) -> Examined:
    role_arn = annotated_role_arn(account.document)
    trust = trust_of(role_arn, trusts)
    subject = Subject(namespace=account.namespace, service_account=account.name, pod=workload.name if workload else "")

    def diagnosed(of: str) -> Diagnosis:
        asked = ports(account, workload, trust, role_arn, of, now)
        return _as_known(diagnose(asked, walk(asked, subject)), issuer_known=bool(issuer), storable=storable)

    # A trust policy for several clusters is judged by the one that it lets in; if there is none, by the first.
    policy = trust.policy_of(role_arn) if trust else None
    storable = all(may_be_stored(statement) for statement in statements(policy))
    candidates = [issuer] if issuer else named_issuers(policy)[:MOST_ISSUERS] or [ISSUER_HERE if policy else ""]
    all_found = [diagnosed(it) for it in candidates]
    best = next((it for it in all_found if it.verdict.outcome is not Outcome.BROKEN), all_found[0])
    return Examined(account=account, workload=workload, trust=trust, diagnosis=best)


def _as_known(found: Diagnosis, *, issuer_known: bool, storable: bool) -> Diagnosis:
    """The same, where a check that files cannot decide is open, whatever the steps made of it.

    `storable`: whether IAM takes the actions of the trust policy. The steps know only policies that it has taken.
    """
    by_files = _BY_FILES | (_BY_ISSUER if issuer_known else frozenset())
    refuted = _REFUTED_BY_FILES | _BY_ISSUER

    def known(checks: Sequence[Check]) -> Iterator[Check]:
        broken = False
        for check in checks:
            if check.id == "trust.action" and not storable:
                check = replace(check, status=Status.FAILED, reason="", error=NO_TRUST_ACTION)
            decided = check.status in (Status.PASSED, Status.WARNING, Status.FAILED)
            fails = decided and check.status is not Status.PASSED
            after = broken and check.reason == "earlier_check" and check.id in by_files | refuted
            if (decided and check.id in by_files) or (fails and check.id in refuted) or after:
                broken = broken or check.status is Status.FAILED
                yield check
            else:
                yield Check(id=check.id, status=Status.UNKNOWN, where=check.where, reason=OFFLINE)

    reports = tuple(replace(report, checks=tuple(known(report.checks))) for report in found.walk)
    walked = replace(found.walk, reports=reports)
    return OfFiles(walk=walked, checks=tuple(known(found.checks)), read_at=found.read_at, evidence=found.evidence)
