"""What a walk comes to: whether IRSA works, where it breaks, and which causes a refusal by STS leaves open.

STS says little: one sentence stands for many causes. Each cause has checks that decide it, so what could be read
rules causes out or convicts one; what could not be read leaves them open. Sources of the sentences and of what they may
mean: public reports of refused AssumeRoleWithWebIdentity calls; AWS publishes no list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.flow.model import Check, Status, Step, Verdict, Walk


class Outcome(StrEnum):
    """The answer to the one question."""

    WORKS = "works"
    """STS issued credentials for this token, and nothing that was checked is broken."""
    BROKEN = "broken"
    UNKNOWN = "unknown"
    """Nothing is known to be broken, and nobody has seen it work."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One thing that STS may mean."""

    id: str
    """The key of its words."""
    checks: tuple[str, ...] = ()
    """Those that decide it: a failed one convicts it, a passed one clears it. Empty: nobody can see it from here."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One of the answers of STS."""

    id: str
    code: str
    words: str
    """What the message contains; empty where the code says it all."""
    causes: tuple[Cause, ...]


_ORGANIZATION = Cause(id="organization")
_PROVIDER = Cause(id="provider_missing", checks=("sts.provider",))
_AUDIENCE = Cause(id="audience_not_accepted", checks=("sts.audience",))
_MALFORMED_ARN = Cause(id="malformed_arn", checks=("service_account.role_arn",))

REFUSALS = (
    Refusal(
        id="not_authorized",
        code="AccessDenied",
        words="Not authorized to perform sts:AssumeRoleWithWebIdentity",
        causes=(
            Cause(id="role_missing", checks=("role.exists",)),
            Cause(id="principal", checks=("trust.provider",)),
            Cause(id="action", checks=("trust.action",)),
            Cause(id="audience_condition", checks=("trust.audience",)),
            Cause(id="subject_condition", checks=("trust.subject",)),
            Cause(id="other_statement", checks=("trust.decision", "sts.trust")),
            _ORGANIZATION,
        ),
    ),
    Refusal(id="control_policy", code="AccessDenied", words="control policy", causes=(_ORGANIZATION,)),
    Refusal(
        id="not_validated",
        code="InvalidIdentityToken",
        words="could not be validated",
        causes=(
            _PROVIDER,
            _AUDIENCE,
            Cause(id="signature", checks=("sts.signature",)),
            Cause(id="other_partition"),
        ),
    ),
    Refusal(
        id="no_provider", code="InvalidIdentityToken", words="No OpenIDConnect provider found", causes=(_PROVIDER,)
    ),
    Refusal(id="wrong_audience", code="InvalidIdentityToken", words="Incorrect token audience", causes=(_AUDIENCE,)),
    Refusal(
        id="no_key",
        code="InvalidIdentityToken",
        words="Couldn't retrieve verification key",
        causes=(
            Cause(id="keys_unpublished", checks=("issuer.discovery", "issuer.jwks")),
            Cause(id="unknown_key", checks=("sts.key",)),
        ),
    ),
    Refusal(
        id="thumbprint",
        code="InvalidIdentityToken",
        words="doesn't match configured thumbprint",
        causes=(Cause(id="thumbprint", checks=("provider.thumbprint",)),),
    ),
    Refusal(
        id="not_a_token",
        code="InvalidIdentityToken",
        words="is not a valid JWT",
        causes=(Cause(id="not_a_token", checks=("token.format",)),),
    ),
    Refusal(
        id="expired",
        code="ExpiredTokenException",
        words="",
        causes=(Cause(id="expired", checks=("sts.expiration",)),),
    ),
    Refusal(id="region_disabled", code="RegionDisabledException", words="", causes=(Cause(id="region_disabled"),)),
    Refusal(id="invalid_arn", code="ValidationError", words="Request ARN is invalid", causes=(_MALFORMED_ARN,)),
    Refusal(id="invalid_arn", code="ParamValidationError", words="RoleArn", causes=(_MALFORMED_ARN,)),
)
ANSWER = "sts.credentials"

PLACES: Mapping[str, Step] = {
    "pod.environment": Step.WEBHOOK,
    "pod.volume": Step.WEBHOOK,
    "pod.age": Step.WEBHOOK,
    "pod.pod_identity": Step.WEBHOOK,
    "pod.token_readable": Step.TOKEN_MOUNT,
    "pod.region": Step.STS_ASSUME,
    "pod.static_keys": Step.STS_ASSUME,
    "pod.hop_limit": Step.ACCESS,
    "sts.recent_failures": Step.STS_ASSUME,
}
"""After the checks of which step those belong that the doctor adds."""
_INJECTION = frozenset({"pod.injected", "pod.environment", "pod.volume"})
EXPLANATIONS: Mapping[str, frozenset[str]] = {
    "pod.pod_identity": _INJECTION | {"webhook.volume", "webhook.mount", "webhook.environment"},
    "pod.age": _INJECTION,
    "pod.token_readable": frozenset({"token.file"}),
}
"""A check of a running Pod that, failed, is the reason why these failed before it."""


@dataclass(frozen=True, kw_only=True)
class Judgement(Verdict):
    """The verdict of the doctor. `step` and `check` name the first broken link, or else what keeps it open."""

    outcome: Outcome
    refusal: str = ""
    """Which of `REFUSALS` STS gave; empty where it gave none, or one that we do not know."""
    remaining: tuple[str, ...] = ()
    """The causes that the refusal leaves: the one that was found, or all that nothing rules out."""
    ruled_out: tuple[str, ...] = ()
    """The causes that the refusal could have meant and the evidence excludes."""
    open: tuple[Check, ...] = ()
    """What the chain needs and could not be checked."""


def judge(walk: Walk, also: Sequence[Check] = ()) -> Judgement:
    """The verdict on a walk, and on the checks of a running Pod where there are some.

    It differs from `Walk.verdict` where an operator's question differs from a learner's: what could not be read does
    not matter once STS has issued credentials for the Pod's token, and what the role may do is no link of the chain
    unless S3 was asked.
    """
    checks = list(_in_order(walk, also))
    by_id = {check.id: check for _, check in checks}
    refusal, remaining, ruled_out = _causes(by_id)
    open_ = tuple(
        check for _, check in checks if check.status in (Status.UNKNOWN, Status.NOT_REACHED) and check.id not in PLACES
    )

    # (1) The first broken link; one that explains it says more.
    broken = [(step, check) for step, check in checks if check.status is Status.FAILED and _counts(check, by_id)]
    if broken:
        step, check = next((found for found in broken if _explains(found[1], broken[0][1])), broken[0])
        return Judgement(
            outcome=Outcome.BROKEN,
            status=Status.FAILED,
            step=step,
            check=check,
            refusal=refusal,
            remaining=remaining,
            ruled_out=ruled_out,
            open=open_,
        )

    # (2) Nothing is broken: it works if it has been seen to work.
    if _proven(walk, by_id):
        warned = next(((step, check) for step, check in checks if check.status is Status.WARNING), None)
        if warned is None:
            return Judgement(outcome=Outcome.WORKS, status=Status.PASSED, open=open_)
        return Judgement(outcome=Outcome.WORKS, status=Status.WARNING, step=warned[0], check=warned[1], open=open_)

    # (3) Else what stands in the way: first what could not be read, then what nobody has asked for.
    undecided = [(step, check) for step, check in checks if check in open_]
    asked = [found for found in undecided if found[1].status is Status.UNKNOWN and found[1].reason != "not_asked"]
    first = next(iter(asked or undecided), None)
    if first is None:
        return Judgement(outcome=Outcome.UNKNOWN, status=Status.UNKNOWN)
    return Judgement(outcome=Outcome.UNKNOWN, status=first[1].status, step=first[0], check=first[1], open=open_)


def _in_order(walk: Walk, also: Sequence[Check]) -> Iterator[tuple[Step, Check]]:
    for report in walk:
        for check in (*report.checks, *(check for check in also if PLACES.get(check.id) is report.step)):
            yield report.step, check


def _counts(check: Check, by_id: Mapping[str, Check]) -> bool:
    """A role that may not list buckets may be all right: only who asked S3 wanted to."""
    if check.id != "access.policy":
        return True
    listed = by_id.get("access.list_buckets")
    return listed is not None and listed.status is Status.FAILED


def _explains(check: Check, broken: Check) -> bool:
    return broken.id in EXPLANATIONS.get(check.id, ())


def _proven(walk: Walk, by_id: Mapping[str, Check]) -> bool:
    """STS issued credentials; for the Pod's own token, where there is a Pod."""

    def passed(check_id: str) -> bool:
        return check_id in by_id and by_id[check_id].status is Status.PASSED

    return passed(ANSWER) and (passed("token.file") or not walk.subject.pod)


def _causes(by_id: Mapping[str, Check]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Which refusal it was, which of its causes remain, and which are excluded."""
    answer = by_id.get(ANSWER)
    if answer is None or answer.status is not Status.FAILED:
        return "", (), ()
    refusal = next((it for it in REFUSALS if it.code == answer.got and it.words in answer.error), None)
    if refusal is None:
        return "", (), ()
    states = {cause.id: _state(cause, by_id) for cause in refusal.causes}
    found = next((cause for cause, state in states.items() if state is Status.FAILED), None)
    remaining = (found,) if found else tuple(cause for cause, state in states.items() if state is Status.UNKNOWN)
    return refusal.id, remaining, tuple(cause for cause in states if cause not in remaining)


def _state(cause: Cause, by_id: Mapping[str, Check]) -> Status:
    found = {by_id[check_id].status for check_id in cause.checks if check_id in by_id}
    if Status.FAILED in found:
        return Status.FAILED
    return Status.PASSED if Status.PASSED in found else Status.UNKNOWN
