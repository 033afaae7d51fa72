"""The subjects that a role's trust policy lets in: ServiceAccounts that exist, and some that could exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.flow.annotations import AUDIENCE, ROLE_ARN
from app.flow.doctor.survey.mistyped import mistyped
from app.flow.doctor.survey.pods import living
from app.flow.doctor.survey.survey_reads import Policy
from app.flow.doctor.survey.values import RoleFound
from app.flow.doctor.trust_fix import Bearer
from app.flow.json_access import get_object, get_str, strings
from app.flow.matching.nearest import statements
from app.flow.model import JsonValue, Subject
from app.flow.names import (
    DEFAULT_AUDIENCE,
    SUBJECT_PREFIX,
    annotated_audience,
    host_and_path,
    provider_arn,
    subject_claim,
)
from app.flow.partitions import region_of
from app.flow.steps.injection import token_source
from app.flow.steps.trust_policy import PROBE, strangers_of

_SUBJECT = re.compile(rf"{SUBJECT_PREFIX}([a-z0-9-]+):([a-z0-9.-]+)")
"""A `sub` without a wildcard."""
_EQUALS = "StringEquals"
_COMPARING = (_EQUALS, "StringLike")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A ServiceAccount, annotated or not."""

    subject: Subject
    document: JsonValue
    role_arn: str
    """The value of the annotation, or of one that was meant for it."""
    audience: str | None
    """What its tokens are asked for; None where that is not known."""
    key: str = ""
    """The annotation's key where that is mistyped; else empty."""

    @property
    def place(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.subject.namespace, self.subject.service_account

    def names(self, arn: str) -> bool:
        """Whether its annotation is this role's ARN."""
        return self.role_arn == arn and not self.key

    def bearer(self, arn: str, issuer: str, policy: JsonValue) -> Bearer:
        """The ServiceAccount as the role's trust policy sees it. Where the audience of its tokens is not known, it is
        the one that the policy expects."""
        return _bearer(self.subject, arn, issuer, _or_expected(self.audience, policy, issuer))


def usual_audience(
    issuer: str, service_accounts: Sequence[JsonValue], running: Mapping[tuple[str, str], Sequence[JsonValue]]
) -> str | None:
    """The audience that the webhook asks for by its own setting, as the Pods show it that it has edited; None where
    they show none, or not the same one. On EKS it is known."""
    if region_of(issuer):
        return DEFAULT_AUDIENCE
    shown = {
        get_str(token_source(pod), "audience")
        for document in service_accounts
        if AUDIENCE not in get_object(document, "metadata", "annotations")
        for pod in living(
            running.get((get_str(document, "metadata", "namespace"), get_str(document, "metadata", "name")), ())
        )
    } - {""}
    return shown.pop() if len(shown) == 1 else None


def candidate_of(document: JsonValue, usual: str | None) -> Candidate:
    """The ServiceAccount of that document. `usual` is the webhook's own audience, where it is known."""
    annotations = get_object(document, "metadata", "annotations")
    key, meant = mistyped(annotations)
    return Candidate(
        subject=Subject(
            namespace=get_str(document, "metadata", "namespace"),
            service_account=get_str(document, "metadata", "name"),
        ),
        document=document,
        role_arn=meant or get_str(annotations, ROLE_ARN),
        audience=usual if AUDIENCE not in annotations else annotated_audience(document),
        key=key,
    )


def _bearer(subject: Subject, arn: str, issuer: str, audience: str) -> Bearer:
    provider = provider_arn(arn, issuer)
    return Bearer(issuer=issuer, provider_arn=provider, subject=subject_claim(subject), audience=audience)


def _or_expected(audience: str | None, policy: JsonValue, issuer: str) -> str:
    """The audience; where it is not known, the only one that the trust policy expects, else the usual one."""
    if audience is not None:
        return audience
    expected = {value for statement in statements(policy) for value in _compared(statement, issuer, "aud")}
    return expected.pop() if len(expected) == 1 else DEFAULT_AUDIENCE


def _compared(statement: JsonValue, issuer: str, claim: str) -> Iterator[str]:
    """The values with which a statement compares a claim of the issuer's tokens."""
    key = f"{host_and_path(issuer)}:{claim}".lower()
    for operator, keys in get_object(statement, "Condition").items():
        if any(name in operator for name in _COMPARING):
            for given, wanted in get_object(keys).items():
                if given.lower() == key:
                    yield from strings(wanted)


def let_in(
    arn: str, policy: Policy, everybody: Sequence[Candidate], issuer: str, namespace: str, usual: str | None
) -> RoleFound:
    """The role, and who is let in by it, at least where the request meets the conditions on it. `everybody`: the
    ServiceAccounts of `namespace`, or of all namespaces where that is empty. `usual` is the webhook's own audience,
    where it is known."""
    if policy.reason or not get_object(policy.document):
        return RoleFound(arn=arn, reason=policy.reason, said=policy.said)

    def probe(namespace: str) -> bool:
        """Whether a ServiceAccount of that namespace is let in whose name no ServiceAccount has."""
        subject = Subject(namespace=namespace, service_account=PROBE)
        audience = _or_expected(usual, policy.document, issuer)
        return _bearer(subject, arn, issuer, audience).may_be_let_in(policy.document)

    # (1) Any ServiceAccount; any one of a namespace; any one whose name begins like that of an annotated one.
    only = _only(policy.document, issuer)
    cluster = only is None and probe(PROBE)
    known = {candidate.subject.namespace for candidate in everybody} if only is None and not cluster else set()
    namespaces = tuple(name for name in sorted(known) if probe(name))
    similar = (
        only is None
        and not cluster
        and any(
            candidate.bearer(arn, issuer, policy.document).may_be_let_in(policy.document, stranger)
            for candidate in everybody
            if candidate.names(arn) and candidate.subject.namespace not in namespaces
            for stranger in strangers_of(subject_claim(candidate.subject), policy.document)
        )
    )

    # (2) The ServiceAccounts that are let in without an annotation, and those that would be if they existed.
    also = tuple(
        "/".join(candidate.place)
        for candidate in everybody
        if not candidate.names(arn)
        and (only is None or subject_claim(candidate.subject) in only)
        and candidate.bearer(arn, issuer, policy.document).may_be_let_in(policy.document)
    )
    existing = {candidate.place for candidate in everybody}
    absent = tuple(
        "/".join(place)
        for place in _named(policy.document, issuer)
        if place not in existing and namespace in ("", place[0])
    )
    return RoleFound(arn=arn, cluster=cluster, namespaces=namespaces, similar=similar, also=also, absent=absent)


def _only(policy: JsonValue, issuer: str) -> set[str] | None:
    """The subjects of this cluster that the policy can let in at most; None where it may be any subject.

    That saves an evaluation for each role and each ServiceAccount: nearly every trust policy lists its subjects.
    `StringEquals` on a key that the request lacks, such as another issuer's, is not met.
    """
    key = f"{host_and_path(issuer)}:sub".lower()
    found: set[str] = set()
    for statement in statements(policy):
        if get_str(statement, "Effect") == "Deny":
            continue
        equals = {name.lower(): strings(wanted) for name, wanted in get_object(statement, "Condition", _EQUALS).items()}
        wanted = equals.get(key, [] if any(name.endswith(":sub") for name in equals) else None)
        if wanted is None or any("${" in subject for subject in wanted):
            return None
        found.update(wanted)
    return found


def _named(policy: JsonValue, issuer: str) -> list[tuple[str, str]]:
    """The ServiceAccounts of this cluster that a trust policy lets in by their own names."""
    found = [
        match
        for statement in statements(policy)
        if get_str(statement, "Effect") == "Allow"
        for subject in _compared(statement, issuer, "sub")
        if (match := _SUBJECT.fullmatch(subject))
    ]
    return sorted({(match[1], match[2]) for match in found})
