"""A token, the IAM OIDC provider and a trust policy side by side: what meets, what nearly does, what is decided.

The decision is `flow.trust`'s, the comparisons are those of its trace; here they are only put in order for a reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from app.flow.json_access import get, get_object, get_str, strings
from app.flow.matching.near_miss import Miss, notes, of_condition, of_values
from app.flow.matching.nearest import Trace, nearest, statements
from app.flow.matching.policy_edits import EQUALS, LIKE, others_that_fit, subjects, with_operator
from app.flow.matching.request_conditions import is_of_request, may_allow
from app.flow.model import JsonValue, Status
from app.flow.names import SUBJECT_PREFIX, audience_claim, host_and_path
from app.flow.policy.json_places import Path
from app.flow.policy.policy import Match
from app.flow.trust import TrustContext, TrustDecision, evaluate, web_identity_context

Claim: TypeAlias = Literal["iss", "aud", "sub"]
Record: TypeAlias = Literal["provider", "policy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One claim against one of the two records that AWS keeps."""

    claim: Claim
    record: Record
    status: Status
    """`WARNING` where others meet it as well: the record asks for nothing, or for too little. `UNKNOWN` where a side is
    missing."""
    got: tuple[str, ...]
    """The claim, as it is compared: of the issuer the provider's ARN, where that is what the policy names."""
    wanted: tuple[str, ...] = ()
    places: tuple[Path, ...] = ()
    """Where in the record that stands."""
    misses: tuple[Miss, ...] = ()
    notes: tuple[str, ...] = ()
    """Keys of words about a row that holds: `ForAllValues`, `ForAnyValue`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Another ServiceAccount of the cluster, and whether the policy lets it in if its request meets the conditions."""

    kind: str
    """What it has in common with ours: the key of its words."""
    subject: str
    allowed: bool
    named: bool = False
    """Whether a condition on `sub` specifies exactly this subject."""

    @property
    def widens(self) -> bool:
        """Whether it gets in although the policy does not specify it."""
        return self.allowed and not self.named


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The same policy with one operator for both."""

    operator: str
    allowed: bool
    strangers: tuple[Stranger, ...]
    literal: tuple[str, ...] = ()
    """Under `StringEquals`: the values whose `*` or `?` is then an ordinary character."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The comparison of one token with one policy."""

    decision: TrustDecision
    rows: tuple[Row, ...]
    obstacles: tuple[Match, ...]
    """What else stands in the way: elements of the nearest statement that are no row, a Deny that applies, and what
    cannot be read of a Deny, which nothing is allowed beside."""
    strangers: tuple[Stranger, ...]
    variants: tuple[Variant, ...]
    """Under `StringEquals`, then under `StringLike`."""

    @property
    def rests_on_request(self) -> bool:
        """Whether only the request to STS can tell: all that the token and the provider show fits."""
        of_policy = [row.status for row in self.rows if row.record == "policy"]
        return (
            not self.decision.allowed
            and bool(self.obstacles)
            and all(is_of_request(entry) for entry in self.obstacles)
            and not {Status.FAILED, Status.UNKNOWN} & {*of_policy}
        )

    def row(self, claim: Claim, record: Record) -> Row | None:
        """The row of that claim and record; None where the two are not compared (`sub` and the provider)."""
        return next((row for row in self.rows if (row.claim, row.record) == (claim, record)), None)


def compare(claims: Mapping[str, Any], provider: JsonValue, provider_arn: str, policy: JsonValue) -> Comparison:
    """Holds the claims `iss`, `aud` (or `azp`) and `sub` against the provider and the trust policy. Never raises.

    `provider` is GetOpenIDConnectProvider's answer or None, `provider_arn` the ARN of the provider of `iss` in the
    role's account.
    """
    issuer = get_str(claims, "iss")
    context = web_identity_context(issuer, claims, provider_arn)
    place, trace = nearest(policy, context)
    strangers = _strangers(claims, provider_arn, policy)
    own = _PolicyRows(policy, place, trace, host_and_path(issuer))
    rows = (
        _issuer_row(claims, provider),
        own.principal(provider_arn),
        _audience_row(claims, provider),
        own.condition("aud", audience_claim(claims)),
        _marked_if_wide(own.condition("sub", strings(claims.get("sub"))), strangers),
    )
    decision = evaluate(policy, context)
    denied = _denials(policy, context) if decision.reason == "explicit-deny" else _unreadable_denials(decision, trace)
    return Comparison(
        decision=decision,
        rows=rows,
        obstacles=(*(entry for entry in trace if not entry.matched and entry not in own.covered), *denied),
        strangers=strangers,
        variants=tuple(_variant(operator, policy, claims, provider_arn) for operator in (EQUALS, LIKE)),
    )


def _issuer_row(claims: Mapping[str, Any], provider: JsonValue) -> Row:
    issuer, url = get_str(claims, "iss"), get_str(provider, "Url")
    if not issuer or not url:
        return Row(claim="iss", record="provider", status=Status.UNKNOWN, got=tuple(filter(None, [issuer])))
    met = host_and_path(issuer) == host_and_path(url)
    return Row(
        claim="iss",
        record="provider",
        status=_status(met),
        got=(issuer,),
        wanted=(url,),
        places=(("Url",),),
        misses=() if met else (of_values(host_and_path(issuer), [host_and_path(url)]),),
    )


def _audience_row(claims: Mapping[str, Any], provider: JsonValue) -> Row:
    named = audience_claim(claims)
    if not named or not get_object(provider):
        return Row(claim="aud", record="provider", status=Status.UNKNOWN, got=tuple(named))
    accepted = strings(get(provider, "ClientIDList"))
    met = len(named) == 1 and named[0] in accepted
    return Row(
        claim="aud",
        record="provider",
        status=_status(met),
        got=tuple(named),
        wanted=tuple(accepted),
        places=(("ClientIDList",),),
        misses=() if met else (of_values(named[0], accepted),),
    )


class _PolicyRows:
    """The rows that come from the trace of one statement; `covered` are the entries that they show."""

    def __init__(self, policy: JsonValue, place: int, trace: Trace, prefix: str) -> None:
        listed = isinstance(get(policy, "Statement"), list)
        self._path: Path = ("Statement", str(place)) if listed else ("Statement",)
        self._trace = trace
        self._prefix = prefix
        self.covered: list[Match] = []

    def principal(self, provider_arn: str) -> Row:
        """The issuer, as the policy names it: by the ARN of its provider."""
        entry = next((entry for entry in self._trace if entry.element in ("Principal", "NotPrincipal")), None)
        if entry is None or not provider_arn:
            return Row(claim="iss", record="policy", status=Status.UNKNOWN, got=tuple(filter(None, [provider_arn])))
        self.covered.append(entry)
        wanted, kinds = _texts(entry.wanted), entry.key.split(", ")
        misses: tuple[Miss, ...] = ()
        if not entry.matched:
            miss = of_values(provider_arn, wanted)
            code = "unreadable" if entry.error else miss.code if "Federated" in kinds else "principal_type"
            misses = (Miss(code=code, spans=() if entry.error else miss.spans),)
        return Row(
            claim="iss",
            record="policy",
            status=_status(entry.matched),
            got=(provider_arn,),
            wanted=wanted,
            places=(
                (*self._path, entry.element, "Federated") if "Federated" in kinds else (*self._path, entry.element),
            ),
            misses=misses,
        )

    def condition(self, claim: Claim, values: Sequence[str]) -> Row:
        """The conditions on one claim, and those that were meant for it but whose key is slightly wrong: then none
        holds."""
        key = f"{self._prefix}:{claim}"
        readable = any(entry.element == "Action" for entry in self._trace)
        if not values or not readable or any(e.element == "Condition" and not e.operator for e in self._trace):
            return Row(claim=claim, record="policy", status=Status.UNKNOWN, got=tuple(values))
        entries = [entry for entry in self._trace if _is_meant_for(entry, key)]
        self.covered += entries
        failed = [entry for entry in entries if not entry.matched]
        return Row(
            claim=claim,
            record="policy",
            status=_status(not failed) if entries else Status.WARNING,
            got=tuple(values),
            wanted=tuple(value for entry in entries for value in _texts(entry.wanted)),
            places=tuple((*self._path, "Condition", entry.operator, entry.key) for entry in entries),
            misses=tuple(of_condition(entry, key) for entry in failed),
            notes=notes(entries),
        )


def _is_meant_for(entry: Match, key: str) -> bool:
    """A condition on `key`, or a failing one on a key that ends like it: `https://…:sub`, another issuer's `:sub`."""
    if entry.element != "Condition":
        return False
    found, wanted = entry.key.strip().lower(), key.lower()
    return entry.key.lower() == wanted or (not entry.matched and found.rpartition(":")[2] == wanted.rpartition(":")[2])


def _denials(policy: JsonValue, context: TrustContext) -> tuple[Match, ...]:
    """The Deny statements that apply, each by its first entry, or by the condition that only the request decides."""
    found = []
    for statement in statements(policy):
        trace = evaluate({**get_object(policy), "Statement": [statement]}, context).trace
        if get_str(statement, "Effect") == "Deny" and all(entry.matched for entry in trace):
            found.append(next(filter(is_of_request, trace), trace[0]))
    return tuple(found)


def _unreadable_denials(decision: TrustDecision, nearest_trace: Sequence[Match]) -> tuple[Match, ...]:
    """What cannot be read of the Deny statements, where that is why nothing is allowed."""
    if decision.allowed:
        return ()
    return tuple(
        entry for entry in decision.trace if entry.effect == "Deny" and entry.error and entry not in nearest_trace
    )


def _variant(operator: str, policy: JsonValue, claims: Mapping[str, Any], provider_arn: str) -> Variant:
    changed = with_operator(policy, operator)
    context = web_identity_context(get_str(claims, "iss"), claims, provider_arn)
    decision = evaluate(changed, context)
    conditions = [entry for entry in decision.trace if operator == EQUALS and EQUALS in entry.operator]
    values = [value for entry in conditions for value in _texts(entry.wanted)]
    return Variant(
        operator=operator,
        allowed=decision.allowed,
        strangers=_strangers(claims, provider_arn, changed),
        literal=tuple(dict.fromkeys(value for value in values if "*" in value or "?" in value)),
    )


def _strangers(claims: Mapping[str, Any], provider_arn: str, policy: JsonValue) -> tuple[Stranger, ...]:
    """Other subjects that the policy lets in. `default` exists in every Namespace; the others may be made."""
    subject = get_str(claims, "sub")
    prefix, _, name = subject.rpartition(":")
    if prefix.count(":") < 2:
        return ()
    candidates = {
        f"{prefix}:default": "same_namespace",
        f"{prefix}:{name}-2": "longer_name",
        f"{prefix}-2:{name}": "longer_namespace",
        f"{SUBJECT_PREFIX}kube-system:{name}": "other_namespace",
        f"{SUBJECT_PREFIX}kube-system:default": "anyone",
    }
    candidates |= dict.fromkeys(others_that_fit(policy, subject, "other", candidates), "same_pattern")
    issuer, specified = get_str(claims, "iss"), subjects(policy)
    return tuple(
        Stranger(
            kind=kind,
            subject=other,
            named=other in specified,
            allowed=may_allow(evaluate(policy, web_identity_context(issuer, {**claims, "sub": other}, provider_arn))),
        )
        for other, kind in candidates.items()
        if other != subject
    )


def _marked_if_wide(row: Row, strangers: Sequence[Stranger]) -> Row:
    """The row of `sub`, which others meet as well that the policy lets in without specifying them."""
    widened = row.status is Status.PASSED and any(stranger.widens for stranger in strangers)
    return replace(row, status=Status.WARNING) if widened else row


def _status(met: bool) -> Status:
    return Status.PASSED if met else Status.FAILED


def _texts(values: str | tuple[str, ...]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else values
