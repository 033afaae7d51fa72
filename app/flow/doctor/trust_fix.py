"""Trust policies that let in the ServiceAccount, and differ from the existing one as little as possible."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from app.flow.json_access import get, get_object, get_str, strings
from app.flow.matching.nearest import all_match, nearest, statements
from app.flow.matching.request_conditions import deciding, is_key_of_request, may_allow
from app.flow.model import JsonObject, JsonValue
from app.flow.names import host_and_path
from app.flow.policy.policy import Match
from app.flow.policy.policy_grammar import may_be_trusted_with
from app.flow.policy.policy_text import QUOTA
from app.flow.steps.trust_policy import strangers_of
from app.flow.trust import ASSUME_ROLE_WITH_WEB_IDENTITY, TrustContext, evaluate, web_identity_context

VERSION = "2012-10-17"
_POD_IDENTITY = "pods.eks.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class Bearer:
    """The subject that is to be let in, with its token's issuer and audience."""

    issuer: str
    provider_arn: str
    subject: str
    """`system:serviceaccount:NAMESPACE:NAME`."""
    audience: str

    @property
    def conditions(self) -> dict[str, str]:
        """The conditions that only this ServiceAccount meets."""
        prefix = host_and_path(self.issuer)
        return {f"{prefix}:sub": self.subject, f"{prefix}:aud": self.audience}

    def is_let_in(self, policy: JsonValue) -> bool:
        """Whether the policy lets in this subject."""
        return evaluate(policy, self.context()).allowed

    def may_be_let_in(self, policy: JsonValue, subject: str = "") -> bool:
        """Whether the policy lets in this subject, or another subject with a token of the same kind, at least where the
        request meets the conditions on it."""
        return may_allow(evaluate(policy, self.context(subject)))

    def rests_on_request(self, policy: JsonValue) -> tuple[Match, ...]:
        """The conditions on the request to STS that decide whether it is let in; none where the token decides."""
        return deciding(evaluate(policy, self.context()))

    def context(self, subject: str = "") -> TrustContext:
        """The values that STS compares with the trust policy for this subject, or for another one."""
        claims = {"sub": subject or self.subject, "aud": [self.audience]}
        return web_identity_context(self.issuer, claims, self.provider_arn)


def admitting(policy: JsonValue, bearer: Bearer) -> JsonValue:
    """The policy with one more statement, which lets in this ServiceAccount and no one else.

    It replaces statements that match no one or that IAM refuses, so no one loses access by it. If the nearest statement
    has conditions on the request itself, such as its address, the new one has them as well. None where a Deny applies
    whatever the request has, so that no statement helps.
    """
    statement: JsonObject = {
        "Effect": "Allow",
        "Principal": {"Federated": bearer.provider_arn},
        "Action": ASSUME_ROLE_WITH_WEB_IDENTITY,
        "Condition": {"StringEquals": bearer.conditions},
    }
    kept = [it for it in statements(policy) if not (is_refused(it) or _matches_nobody(it, bearer))]
    changed = {"Version": VERSION, **get_object(policy), "Statement": [*kept, statement]}
    if not bearer.may_be_let_in(changed):
        return None
    for operator, keys in _asked_of_request(policy, bearer).items():
        statement["Condition"][operator] = keys | statement["Condition"].get(operator, {})
    return changed


def listing(policy: JsonValue, bearer: Bearer) -> JsonValue:
    """The policy with this ServiceAccount beside those that the condition on `sub` of the nearest statement lists: it
    lets in no one else, and is shorter than with one more statement. None where that is not enough."""
    place, _ = nearest(policy, bearer.context())
    changed: list[JsonValue] = [*statements(policy)]
    exact = get_object(changed[place], "Condition", "StringEquals") if place >= 0 else {}
    key = next((name for name in exact if name.lower() == _subject_key(bearer)), "")
    if not key:
        return None
    listed = {**exact, key: [*strings(exact[key]), bearer.subject]}
    conditions = {**get_object(changed[place], "Condition"), "StringEquals": listed}
    changed[place] = {**get_object(changed[place]), "Condition": conditions}
    longer = {**get_object(policy), "Statement": changed}
    return longer if bearer.is_let_in(longer) else None


def exceeds_quota(policy: JsonValue) -> bool:
    """Whether the policy has more characters, white space not counted, than IAM takes by default."""
    return len("".join(json.dumps(policy).split())) > QUOTA


def _asked_of_request(policy: JsonValue, bearer: Bearer) -> dict[str, dict[str, JsonValue]]:
    """The conditions on the request that the nearest statement for this provider has."""
    place, trace = nearest(policy, bearer.context())
    if not all_match(trace, "Principal"):
        return {}
    conditions = get_object(statements(policy)[place], "Condition")
    found = {
        operator: {key: value for key, value in get_object(keys).items() if is_key_of_request(key)}
        for operator, keys in conditions.items()
    }
    return {operator: keys for operator, keys in found.items() if keys}


def matches_nobody(policy: JsonValue, bearer: Bearer) -> bool:
    """Whether a statement of the policy matches no one, so that `admitting` leaves it out."""
    return any(_matches_nobody(statement, bearer) for statement in statements(policy))


def is_refused(statement: JsonValue) -> bool:
    """Whether the statement allows an action that IAM stores in no trust policy."""
    return get_str(statement, "Effect") == "Allow" and not may_be_stored(statement)


def is_for_pod_identity(policy: JsonValue) -> bool:
    """Whether the role is for EKS Pod Identity alone, and not for the tokens of an issuer."""
    allowing = [get_object(it, "Principal") for it in statements(policy) if get_str(it, "Effect") == "Allow"]
    served = any(_POD_IDENTITY in strings(principal.get("Service")) for principal in allowing)
    return served and not any("Federated" in principal for principal in allowing)


def may_be_stored(statement: JsonValue) -> bool:
    """Whether IAM accepts the actions of a trust policy's statement, as far as that is known."""
    return all(map(may_be_trusted_with, strings(get(statement, "Action"))))


def _matches_nobody(statement: JsonValue, bearer: Bearer) -> bool:
    """Whether it allows only subjects that contain a wildcard, which `StringEquals` compares as an ordinary character.

    No ServiceAccount has a name with such a character (Kubernetes, "Object Names and IDs").
    """
    exact = get_object(statement, "Condition", "StringEquals")
    subjects = [one for key, found in exact.items() if key.lower() == _subject_key(bearer) for one in strings(found)]
    return get_str(statement, "Effect") == "Allow" and bool(subjects) and all(set("*?") & set(it) for it in subjects)


def narrowed(policy: JsonValue, bearer: Bearer) -> JsonValue:
    """The policy with this ServiceAccount, and those that are named beside it, in each statement that lets in
    strangers. None if no statement does.

    Other principals of such a statement, as the provider of another cluster, keep a statement of their own.
    """
    changed = [it for statement in statements(policy) for it in _narrow(policy, statement, bearer)]
    return None if changed == statements(policy) else {**get_object(policy), "Statement": changed}


def _narrow(policy: JsonValue, statement: JsonValue, bearer: Bearer) -> list[JsonValue]:
    alone = {**get_object(policy), "Statement": [statement]}
    if get_str(statement, "Effect") != "Allow" or not any(
        bearer.may_be_let_in(alone, stranger) for stranger in strangers_of(bearer.subject, policy)
    ):
        return [statement]

    # (1) Its conditions, without those on `sub`, and the ServiceAccounts that it names and lets in.
    kept: JsonObject = {}
    named = [bearer.subject]
    for operator, keys in get_object(statement, "Condition").items():
        listed = [
            it
            for key, value in get_object(keys).items()
            if key.lower() == _subject_key(bearer)
            for it in strings(value)
        ]
        named += [it for it in listed if bearer.may_be_let_in(alone, it)]
        others = {key: value for key, value in get_object(keys).items() if key.lower() != _subject_key(bearer)}
        if others or not isinstance(keys, Mapping):
            kept[operator] = others or keys
    subjects = [it for it in dict.fromkeys(named) if not set("*?") & set(it)]
    exact = {
        **get_object(kept, "StringEquals"),
        f"{host_and_path(bearer.issuer)}:sub": subjects if subjects[1:] else bearer.subject,
    }
    narrow = {**get_object(statement), "Condition": {**kept, "StringEquals": exact}}

    # (2) The other principals, for which such a condition is never met.
    federated = strings(get(statement, "Principal", "Federated"))
    if bearer.provider_arn not in federated:
        return [narrow]
    rest = {kind: value for kind, value in get_object(statement, "Principal").items() if kind != "Federated"}
    if beside := [it for it in federated if it != bearer.provider_arn]:
        rest["Federated"] = beside
    if not rest:
        return [narrow]
    narrow.pop("Sid", None)  # no two statements may have the same one
    return [{**get_object(statement), "Principal": rest}, {**narrow, "Principal": {"Federated": bearer.provider_arn}}]


def _subject_key(bearer: Bearer) -> str:
    return f"{host_and_path(bearer.issuer)}:sub".lower()
