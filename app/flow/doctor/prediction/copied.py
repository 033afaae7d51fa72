"""A copy of what a diagnosis has read: the documents, and why one is missing where a server refused it.

It contains no more than the diagnosis, so that a saved diagnosis has the same prediction as one that was just made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.flow.doctor.account import ADMITTING
from app.flow.doctor.reading import near_names
from app.flow.errors import (
    FlowError,
    NotFound,
    NotPermitted,
    NotUnderstood,
    Refused,
    ServerFailed,
    TooLarge,
    Unreachable,
)
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import Check, JsonValue, Status, Subject, Walk
from app.flow.names import annotated_role_arn, provider_url, role_name
from app.flow.permissions.asked import AskedAction
from app.flow.port_wrappers.consent import Action, NotAsked
from app.flow.port_wrappers.deadline import OUT_OF_TIME, TIMED_OUT
from app.flow.steps.kubelet_status import ENDED

_LAST = 250_000_000_000
"""A Unix time, in seconds, that Python can still write as a date; a file may contain later ones, and some before 0."""


class NotKnown(NotAsked):
    """Only a server could answer, and the copy asks none."""

    def __init__(self) -> None:
        super().__init__(Action.EXCHANGE)


@dataclass(kw_only=True)
class Copy:
    """The objects that the servers of the copy have. A fix replaces a document and never changes it in place."""

    subject: Subject
    now: float
    """Unix seconds."""
    checks: Mapping[str, Check]
    """The checks of the diagnosis, by id."""
    read: Mapping[str, JsonValue]
    """The evidence of the diagnosis, by name."""
    documents: dict[str, JsonValue]
    """The documents that were read, as they are after the fix."""
    providers: dict[str, JsonValue] | None
    """The OIDC providers by ARN, None for one that was not read; None where they could not be listed."""
    role_arn: str
    """The annotation's value, as it was read."""

    changed: set[str] = field(default_factory=set)
    """What a fix has changed that STS and S3 look at, such as `provider`, `trust` or `policies`."""
    renewed: bool = False
    """Whether the Pod is a new one."""
    tried: bool = False
    """Whether a fix was applied, after which a program that tries again gets another result than before."""
    assumed: bool = False
    """Whether STS's answer was worked out, and was never given by STS."""

    def check(self, check_id: str) -> Check:
        """The check of that id; one that is not reached where the diagnosis has none."""
        return self.checks.get(check_id) or Check(id=check_id, status=Status.NOT_REACHED)

    def passed(self, *check_ids: str) -> bool:
        """Whether all these checks passed."""
        return all(self.check(check_id).status is Status.PASSED for check_id in check_ids)

    def failed(self, check_id: str) -> bool:
        """Whether that check failed."""
        return self.check(check_id).status is Status.FAILED

    def document(self, name: str, check_id: str) -> JsonValue:
        """A document. Where it was not read, raises the error that the check was recorded with (`refusal`)."""
        if self.documents.get(name) is None:
            raise refusal(self.check(check_id))
        return self.documents[name]

    @property
    def issuer(self) -> str:
        """The issuer that the cluster writes into its tokens; where that is not known, the one that the role trusts."""
        known = get_str(self.documents.get("cluster_discovery"), "issuer")
        said = get_str(self.documents.get("token"), "claims", "iss")
        return known or said or get_str(self.documents, "assumed_issuer")

    @property
    def annotated_role(self) -> str:
        """The annotation's value after the fix."""
        return annotated_role_arn(self.documents.get("service_account"))

    @property
    def asked(self) -> tuple[AskedAction, ...]:
        """What the Pod needs, as far as the diagnosis was asked about it, or has judged it."""
        given = get_list(self.documents, "asked_actions")
        decision = self.documents.get("permission_decision")
        known = given or [decision, *get_list(decision, "denied")]
        resources = {get_str(it, "action"): get_str(it, "resource") for it in known}
        names = [get_str(it, "action") for it in given] or [
            name.partition(" ")[0] for name in self.check("access.policy").expected.removeprefix("allow: ").split(", ")
        ]
        return tuple(AskedAction(action=it, resource=resources.get(it, "")) for it in names if it)

    @property
    def waits(self) -> bool:
        """Whether the Pod's program has not tried again since the fix."""
        phase = get_str(self.documents.get("pod"), "status", "phase")
        return self.renewed or (self.tried and phase not in ENDED)


def copy_of(walk: Walk, checks: Sequence[Check], evidence: Mapping[str, JsonValue], read_at: float) -> Copy:
    """The copy of a diagnosis: of its walk, and of what the doctor adds."""
    documents = {name: document for report in walk for name, document in report.evidence.items()} | dict(evidence)
    by_id = {check.id: check for check in (*walk.checks, *checks)}
    return Copy(
        subject=walk.subject,
        now=read_at if 0 <= read_at < _LAST else 0.0,
        checks=by_id,
        read=documents,
        documents=dict(documents),
        providers=_providers(by_id, documents.get("provider")),
        role_arn=annotated_role_arn(documents.get("service_account")),
    )


def _providers(checks: Mapping[str, Check], provider: JsonValue) -> dict[str, JsonValue] | None:
    """The evidence has only what the checks quote of the list: the provider that was found, or those that are not the
    wanted one."""
    found, ours = checks.get("provider.exists"), checks.get("sts.provider")
    if found is None or found.status not in (Status.PASSED, Status.FAILED):
        return None
    quoted = [*found.got.split(", "), *(ours.got.split(", ") if ours is not None else [])]
    known: dict[str, JsonValue] = {arn: None for arn in quoted if provider_url(arn)}
    if found.got in known:
        known[found.got] = provider
    return known


def refusal(check: Check) -> FlowError:
    """The error that a check was recorded with."""
    if check.status is Status.FAILED:
        return NotFound(code=check.got or "NotFound", server_message=check.error)
    if check.status is not Status.UNKNOWN:
        return NotKnown()
    match check.reason:
        case "no_permission":
            return NotPermitted(code="Forbidden", server_message=check.error, status=403)
        case "no_configuration":
            return NotPermitted(code="aws_config_broken", server_message=check.error)
        case "login" | "own_clock":
            return NotPermitted(code="Unauthorized", server_message=check.error, status=401)
        case "unreachable" | "out_of_time":
            code = OUT_OF_TIME if check.reason == "out_of_time" else TIMED_OUT
            return Unreachable(code=code, server_message=check.error)
        case "no_region":
            return Unreachable(code="aws_no_region", server_message=check.error)
        case "server_failed":
            return ServerFailed(code="server_failed", server_message=check.error)
        case "unreadable_answer":
            return NotUnderstood(code="unexpected_answer", server_message=check.error)
        case "answer_too_large":
            return TooLarge(code="answer_too_large", server_message=check.error)
    return NotKnown()


def refused(check: Check) -> Refused:
    """The error that a check was recorded with, where a server understood the request and refused it."""
    return Refused(code=check.got, server_message=check.error)


def role_document(copy: Copy, name: str) -> JsonValue:
    """GetRole, as far as it was read: the annotated role, one of its name under another ARN, one that was proposed or
    has a near name.

    Raises `NotKnown`, and for the annotated role the error with which it was read.
    """
    if not name:
        raise NotKnown
    asked_for = "AssumeRolePolicyDocument"
    annotated = {**get_object(copy.documents.get("role")), asked_for: copy.documents.get("trust_policy")}
    proposed = (
        *get_list(copy.documents.get(ADMITTING)),
        *get_list(copy.documents, near_names.EVIDENCE, near_names.DOCUMENTS),
    )
    for document in (annotated, copy.documents.get("role_found"), *proposed):
        if role_name(get_str(document, "Arn")) == name:
            return dict(document)
    if role_name(copy.role_arn) == name:
        raise refusal(copy.check("role.exists"))
    raise NotKnown()
