"""What is unusual in a token, without asking a server: the rules that a token for STS breaks by itself.

Rules: AssumeRoleWithWebIdentity's `WebIdentityToken` (algorithms, whole-number times, required claims),
CreateOpenIDConnectProvider's `Url`, and the tokens that Kubernetes issues. No signature is verified here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from app.flow.json_access import get, get_object, get_str
from app.flow.model import JsonValue
from app.flow.names import DEFAULT_AUDIENCE, SUBJECT_PREFIX, may_be_registered
from app.flow.object_names import NotAName, check_name, check_namespace
from app.flow.token import ALGORITHMS, LEEWAY, PARTS, MalformedToken, json_text, renewal_time
from app.flow.tokens.pasted import signature_problems

LONGEST_LIFE = 86_400
"""Seconds: the longest lifetime that EKS gives a token."""

MOST_REPEATED = 10
"""How many repeated names of a part are listed."""
_LAST_SECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """One unusual thing."""

    code: str
    """The key of its text, such as `audience`."""
    serious: bool
    """Whether STS would refuse the token for it; otherwise it may be intended."""
    name: str
    """The header field or claim."""
    got: str
    expected: str


def whole_seconds(value: JsonValue) -> int | None:
    """A NumericDate that a date can hold; None for anything else."""
    return value if type(value) is int and 0 <= value <= _LAST_SECOND else None


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """When the kubelet renews a token that it mounts."""

    requested: int
    """Seconds: the lifetime that the kubelet requested. A token for the API server is valid for longer."""
    at: int
    """As `renewal_time`."""


def renewal(claims: Mapping[str, JsonValue]) -> Renewal | None:
    """When the kubelet renews this token; None for one that it does not mount, because it is not bound to a Pod.

    Source: Kubernetes, `pkg/registry/core/serviceaccount/storage/token.go`: where the API server has extended the
    token, the `expirationTimestamp` that it returned is `warnafter`.
    """
    issued, expires, warns = (
        whole_seconds(it) for it in (claims.get("iat"), claims.get("exp"), get(claims, "kubernetes.io", "warnafter"))
    )
    ends = expires if warns is None else warns
    if not get_object(claims, "kubernetes.io", "pod") or issued is None or ends is None or ends <= issued:
        return None
    requested = ends - issued
    return Renewal(requested=requested, at=int(renewal_time(ends, requested)))


def beginning(claims: Mapping[str, JsonValue]) -> tuple[int, str]:
    """The Unix seconds from which the token is valid, and the claim that says so: the later of `iat` and `nbf`. 0 where
    neither can be read."""
    return max((whole_seconds(claims.get(name)) or 0, name) for name in ("iat", "nbf"))


def oddities(header: Mapping[str, JsonValue], claims: Mapping[str, JsonValue], now: float) -> tuple[Oddity, ...]:
    """Everything unusual, in the order header, parties, times, binding. `now` in Unix seconds."""
    return (*_header(header), *_parties(claims), *_times(claims, now), *_binding(claims))


def repeated(compact: str) -> Iterator[Oddity]:
    """The first names that the header or the payload of a token has more than once, with all their values.

    RFC 7519, section 4: a parser refuses such a token or takes the last value; RFC 7515, section 4, says so of headers.
    """
    for part, encoded in zip(PARTS[:2], compact.split("."), strict=False):
        try:
            found = _DECODER.decode(json_text(part, encoded))
        except (MalformedToken, ValueError, RecursionError):
            continue  # that it cannot be read is reported elsewhere
        pairs = found.pairs if isinstance(found, _Object) else []
        twice = (name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        for name in islice(twice, MOST_REPEATED):
            values = (json.dumps(value, ensure_ascii=False) for other, value in pairs if other == name)
            yield _oddity("repeated", name, ", ".join(values), "", serious=False)


def of_signature(compact: str, header: Mapping[str, JsonValue]) -> Iterator[Oddity]:
    """What is wrong with the signature of a token that can be decoded, as far as that shows without a key."""
    for problem in signature_problems(compact.rpartition(".")[2], header):
        yield _oddity(problem.code, "signature", problem.found, problem.expected, serious=True)


class _Object(dict[str, Any]):
    """A JSON object, and all members that it was written with."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


_DECODER = json.JSONDecoder(object_pairs_hook=_Object)


def _header(header: Mapping[str, JsonValue]) -> Iterator[Oddity]:
    algorithm = header.get("alg")
    if algorithm != "RS256":
        name = algorithm if isinstance(algorithm, str) else ""
        unsigned = name.lower() == "none" or name.upper().startswith("HS") or not name
        known = name in ALGORITHMS
        code = "unsigned" if unsigned else "algorithm" if known else "algorithm_refused"
        yield _oddity(code, "alg", algorithm, "RS256", serious=not known)
    if not isinstance(header.get("kid"), str) or not header["kid"]:
        yield _oddity("no_key_id", "kid", header.get("kid"), "", serious=False)


def _parties(claims: Mapping[str, JsonValue]) -> Iterator[Oddity]:
    # (1) Who issued it.
    issuer = claims.get("iss")
    if issuer is None:
        yield _oddity("missing_claim", "iss", None, "https://…", serious=True)
    elif not isinstance(issuer, str) or not may_be_registered(issuer):
        yield _oddity("issuer", "iss", issuer, "https://…", serious=True)

    # (2) The audience.
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not audiences:
        yield _oddity("no_audience", "aud", audience, DEFAULT_AUDIENCE, serious=True)
    elif len(audiences) > 1 and "azp" not in claims:
        yield _oddity("many_audiences", "aud", audiences, DEFAULT_AUDIENCE, serious=True)
    elif claims.get("azp", audiences[0]) != DEFAULT_AUDIENCE:
        yield _oddity("audience", "aud", claims.get("azp", audiences[0]), DEFAULT_AUDIENCE, serious=False)

    # (3) The subject, twice.
    subject = claims.get("sub")
    named = _named_subject(claims)
    if subject is None:
        yield _oddity("missing_claim", "sub", None, named, serious=True)
    elif not isinstance(subject, str) or not _is_of_service_account(subject):
        yield _oddity("subject", "sub", subject, named or f"{SUBJECT_PREFIX}NAMESPACE:NAME", serious=False)
    elif named and subject != named:
        yield _oddity("subject_mismatch", "sub", subject, named, serious=True)


def _is_of_service_account(subject: str) -> bool:
    namespace, colon, name = subject.removeprefix(SUBJECT_PREFIX).partition(":")
    try:
        check_namespace(namespace)
        check_name("ServiceAccount", name)
    except NotAName:
        return False
    return bool(subject.startswith(SUBJECT_PREFIX) and colon and namespace and name)


def _named_subject(claims: Mapping[str, JsonValue]) -> str:
    """The subject that the claim `kubernetes.io` implies; empty where it says nothing."""
    namespace, name = (get_str(claims, "kubernetes.io", *path) for path in (("namespace",), ("serviceaccount", "name")))
    return f"{SUBJECT_PREFIX}{namespace}:{name}" if namespace and name else ""


def _times(claims: Mapping[str, JsonValue], now: float) -> Iterator[Oddity]:
    # (1) Each time for itself. `nbf` may be missing.
    for name in ("iat", "exp", "nbf"):
        if name not in claims:
            if name != "nbf":
                yield _oddity("missing_claim", name, None, "", serious=True)
        elif whole_seconds(claims[name]) is None:
            yield _oddity("times", name, claims[name], "", serious=True)

    # (2) Each against now.
    issued, expires = (whole_seconds(claims.get(name)) for name in ("iat", "exp"))
    if expires is not None and expires <= now:
        yield _oddity("expired", "exp", expires, f"> {int(now)}", serious=expires + LEEWAY <= now)
    start, name = beginning(claims)
    if start > now:
        yield _oddity("not_yet", name, start, f"≤ {int(now)}", serious=start > now + LEEWAY)

    # (3) Against each other.
    if issued is not None and expires is not None:
        if expires <= issued:
            yield _oddity("order", "exp", expires, f"> {issued}", serious=True)
        elif expires - issued > LONGEST_LIFE:
            yield _oddity("long_lived", "exp", expires - issued, f"≤ {LONGEST_LIFE}", serious=False)


def _binding(claims: Mapping[str, JsonValue]) -> Iterator[Oddity]:
    kubernetes = claims.get("kubernetes.io")
    if kubernetes is None and not any(name.startswith("kubernetes.io/") for name in claims):  # those of a Secret
        yield _oddity("not_kubernetes", "kubernetes.io", None, "", serious=False)
    elif isinstance(kubernetes, dict) and "pod" not in kubernetes:
        yield _oddity("not_bound", "kubernetes.io", ", ".join(kubernetes), "pod", serious=False)


def _oddity(code: str, name: str, got: JsonValue, expected: str, *, serious: bool) -> Oddity:
    text = "" if got is None else got if isinstance(got, str) else json.dumps(got, ensure_ascii=False)
    return Oddity(code=code, serious=serious, name=name, got=text, expected=expected)
