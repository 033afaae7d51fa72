"""How the checks depend on each other: which failure follows from which, and to which step the doctor's checks belong.

A check that fails because another one did is a symptom: fix the other one, and it passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from app.flow.model import Check, Step, Walk
from app.flow.steps.findings import BY_POD_IDENTITY
from app.flow.steps.standstill import PROGRAM_ENDED
from app.flow.verdict.connection_errors import blames_surroundings
from app.flow.verdict.error_messages import hides_reason
from app.flow.verdict.log_sentences import last_words
from app.flow.verdict.refusals import APPLICATION, RUNNING

PLACES: Mapping[str, Step] = {
    "service_account.account": Step.SERVICE_ACCOUNT,
    "pod.running": Step.WEBHOOK,
    "pod.service_account": Step.SERVICE_ACCOUNT,
    "webhook.reachable": Step.WEBHOOK,
    "pod.skipped": Step.WEBHOOK,
    "pod.handwritten": Step.WEBHOOK,
    "pod.environment": Step.WEBHOOK,
    "pod.volume": Step.WEBHOOK,
    "pod.age": Step.WEBHOOK,
    "pod.siblings": Step.WEBHOOK,
    "pod.pod_identity": Step.WEBHOOK,
    "pod.static_keys": Step.WEBHOOK,
    "pod.region": Step.WEBHOOK,
    "token.contents": Step.TOKEN_MOUNT,
    "pod.token_readable": Step.TOKEN_MOUNT,
    "pod.token_used": Step.TOKEN_MOUNT,
    "token.api_server": Step.TOKEN_MOUNT,
    "pod.sdk": Step.STS_ASSUME,
    "pod.request": Step.STS_ASSUME,
    "pod.application": Step.ACCESS,
    "pod.hop_limit": Step.ACCESS,
    "sts.recent_failures": Step.STS_ASSUME,
    "sts.recent_successes": Step.STS_ASSUME,
}
"""The step whose checks a check of the doctor follows."""


def _of(group: str, *names: str) -> frozenset[str]:
    return frozenset(f"{group}.{name}" for name in names)


# Checks that look at one object: the first of them that fails speaks for all.
_ISSUER = _of("issuer", "discovery", "jwks", "cluster_keys")
_PROVIDER = _of("provider", "exists", "audience", "thumbprint")
_ACCOUNT = _of("service_account", "exists", "annotation", "role_arn", "account")
_TRUST = _of("trust", "provider", "action", "audience", "subject", "decision") | {"role.exists"}
_REGISTRATION = _of("webhook", "registered", "selector", "reachable") | {"pod.pod_identity"}
_MUTATION = _of("webhook", "dry_run", "volume", "mount", "environment")
_INJECTED = _of("pod", "injected", "environment", "volume")
_TOKEN = _of("token", "file", "format", "algorithm", "issuer", "audience", "subject", "bound_pod", "lifetime")
_KEYS = _of("token", "key", "signature")
_STS = _of("sts", "format", "expiration", "provider", "audience", "key", "signature", "trust", "credentials")
_ACCESS = _of("access", "identity", "policy", "list_buckets")
_SENT_BY_DOCTOR = frozenset({"webhook.reachable", "token.contents"})
SENT = _MUTATION | _TOKEN | _KEYS | _STS | _of("access", "identity", "list_buckets") | _SENT_BY_DOCTOR
"""The checks that reading does not decide: they take a dry run, a token, a request to AWS with that token, or what this
request brought."""
_OBJECTS = (_ISSUER, _PROVIDER, _ACCOUNT, _TRUST, _REGISTRATION, _MUTATION, _INJECTED, _TOKEN | _KEYS, _STS, _ACCESS)

# By check: the failures that it may be the consequence of, beside an earlier one at the same object.
_MANIFEST = _of("pod", "skipped", "handwritten")
_WRONG_POD = frozenset({"pod.age", "pod.service_account"})
_UNANNOTATED = _of("service_account", "exists", "annotation")  # any value is enough for the webhook
_NO_TOKEN = _UNANNOTATED | _REGISTRATION | _MANIFEST | _MUTATION | _INJECTED | _WRONG_POD
_BEFORE_STS = _ISSUER | _PROVIDER | _ACCOUNT | _TRUST | _TOKEN | _KEYS | {"pod.token_readable"}
_WRONG_TOKEN = _NO_TOKEN | _TOKEN | _KEYS | {"pod.token_readable"}
_NOT_ASKED = _WRONG_TOKEN | {"pod.static_keys", "pod.sdk", "pod.token_used"}
_FOLLOWS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(_TRUST, _ACCOUNT),
    "pod.handwritten": frozenset({"pod.pod_identity"}),  # the webhook then adds other variables
    "pod.age": _ACCOUNT | _MANIFEST | {"pod.pod_identity"},  # a new Pod would have Pod Identity as well
    **dict.fromkeys(_MUTATION, _UNANNOTATED | _REGISTRATION | _MANIFEST),
    **dict.fromkeys(_INJECTED, _NO_TOKEN - _INJECTED | _ACCOUNT),
    "pod.region": _NO_TOKEN,
    "pod.token_readable": _NO_TOKEN,
    "token.contents": _NO_TOKEN,
    **dict.fromkeys(_TOKEN, _NO_TOKEN | {"pod.token_readable", "token.contents"}),
    **dict.fromkeys((*_KEYS, "token.issuer"), _NO_TOKEN | _ISSUER | {"pod.token_readable"}),
    **dict.fromkeys(_STS, _BEFORE_STS),
    **dict.fromkeys(("access.identity", "access.list_buckets"), _BEFORE_STS | _STS),
    "pod.token_used": _WRONG_TOKEN,
    "pod.request": _NOT_ASKED | {"pod.region"},
}


def in_order(walk: Walk, also: Sequence[Check]) -> Iterator[tuple[Step, Check]]:
    """Every check with its step; those of the doctor after the step's own."""
    for report in walk:
        for check in (*report.checks, *(check for check in also if PLACES.get(check.id) is report.step)):
            yield report.step, check


def roots(failed: Sequence[tuple[Step, Check]]) -> list[tuple[Step, Check]]:
    """The failed checks that are no consequence of another one. Never empty where something failed."""
    ids = [check.id for _, check in failed]
    return [found for place, found in enumerate(failed) if not _follows(found[1], ids, place)]


def _follows(check: Check, ids: Sequence[str], place: int) -> bool:
    """Whether the check fails because one of these does. The error of the Pod's program follows from any broken link,
    unless the program did not reach AWS at all. That the program has ended follows from its error; that the Pod waits
    for a volume, from what AWS has refused."""
    check_id = check.id
    others = set(ids) - {check_id, RUNNING}
    if check_id == APPLICATION:  # a region that does not exist has no endpoint either
        return bool(others) and ("pod.region" in others or not blames_surroundings(check.error))
    if check_id == RUNNING:
        by_aws = last_words(check.error)[0]
        return bool(others) if check.reason in PROGRAM_ENDED or by_aws else "token.file" in others
    if check_id == "pod.request" and hides_reason(check.error) and others & (_BEFORE_STS | _STS):
        return True
    if check.reason == BY_POD_IDENTITY and "pod.pod_identity" in others:
        return True
    if _FOLLOWS.get(check_id, frozenset()) & set(ids):
        return True
    return any(check_id in group and group & set(ids[:place]) for group in _OBJECTS)
