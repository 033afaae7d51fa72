"""The error messages by which STS refuses, and which causes each may have.

STS says little: one message has many possible causes. Each cause has checks that decide it, so what could be read rules
a cause out or proves it; what could not be read leaves it open. Sources of the messages and of their causes: public
reports of refused AssumeRoleWithWebIdentity calls; AWS publishes no list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.flow.model import Check, Status, Step
from app.flow.verdict.error_messages import expired_token, shows_in


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A possible cause of a refusal."""

    id: str
    """The key of its text."""
    step: Step
    """The step in which the cause lies, which is seldom the one at which the refusal appears."""
    checks: tuple[str, ...] = ()
    """The checks that decide: a failed one proves the cause, a passed one rules it out. Empty: no check can see it."""
    unless: tuple[str, ...] = ()
    """Where none of `checks` was made, because they need the token: the checks that rule the cause out together."""
    open_by: str = ""
    """The check whose failure leaves the cause open all the same."""
    by_warning: bool = False
    """Whether a warning proves the cause as well: STS does not usually look at this, but did so this time."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One of the error messages of STS."""

    id: str
    code: str
    words: str
    """What the message contains; empty where the error code alone identifies it."""
    causes: tuple[Cause, ...]


_ORGANIZATION = Cause(id="organization", step=Step.SERVICE_ACCOUNT)
CHANGED = Cause(id="changed_meanwhile", step=Step.SERVICE_ACCOUNT, checks=("sts.trust",))
"""The role was changed between our reading and STS's response: what was read before rules out no cause."""
CORRECTED = Cause(id="corrected_since", step=Step.SERVICE_ACCOUNT)
"""The program was refused before something was corrected; the step is the one in which that was."""
TRUSTS_ANOTHER = "principal"
"""The id of the cause that the role does not trust the cluster's provider."""
_OTHER_ROLE = Cause(id="other_role", step=Step.STS_ASSUME)
_OTHER_TOKEN = Cause(id="other_token", step=Step.TOKEN_MOUNT, checks=("pod.token_used",))
"""A cause of the program alone: we ask for the annotated role, with the mounted token."""
_OTHER_CERTIFICATE = Cause(id="other_certificate", step=Step.OIDC_PROVIDER)
_LATE_KEYS = Cause(id="late_keys", step=Step.OIDC_PROVIDER)
_OF_ACCOUNT = "service_account.account"
"""The check that passes where the role is in the account whose providers were read."""
_PROVIDER = Cause(
    id="provider_missing", step=Step.OIDC_PROVIDER, checks=("sts.provider",), unless=("provider.exists", _OF_ACCOUNT)
)
_ACCOUNT = Cause(id="wrong_account", step=Step.SERVICE_ACCOUNT, checks=(_OF_ACCOUNT,))
_AUDIENCE = Cause(
    id="audience_not_accepted",
    step=Step.OIDC_PROVIDER,
    checks=("sts.audience",),
    unless=("provider.audience", _OF_ACCOUNT),  # of the usual audience: the Pod may ask for another one
    open_by="token.audience",
)
_ELSEWHERE = Cause(id="other_partition", step=Step.STS_ASSUME)
_UNSEEN = (_ORGANIZATION, _ELSEWHERE, _LATE_KEYS)
"""The causes that no check of ours can see."""
_NO_KEY = (
    Cause(id="keys_unpublished", step=Step.OIDC_PROVIDER, checks=("issuer.discovery", "issuer.jwks")),
    Cause(
        id="unknown_key",
        step=Step.OIDC_PROVIDER,
        checks=("sts.key", "token.key", "issuer.cluster_keys"),
        by_warning=True,
    ),
    _LATE_KEYS,
)
_EXPIRED = "ExpiredTokenException"
_MALFORMED_ARN = Cause(id="malformed_arn", step=Step.SERVICE_ACCOUNT, checks=("service_account.role_arn",))

REFUSALS = (
    Refusal(
        id="not_authorized",
        code="AccessDenied",
        words="Not authorized to perform sts:AssumeRoleWithWebIdentity",
        causes=(
            Cause(id="role_missing", step=Step.SERVICE_ACCOUNT, checks=("role.exists",)),
            Cause(id=TRUSTS_ANOTHER, step=Step.SERVICE_ACCOUNT, checks=("trust.provider",)),
            Cause(id="action", step=Step.SERVICE_ACCOUNT, checks=("trust.action",)),
            Cause(id="audience_condition", step=Step.SERVICE_ACCOUNT, checks=("trust.audience",)),
            Cause(id="subject_condition", step=Step.SERVICE_ACCOUNT, checks=("trust.subject",)),
            Cause(id="other_statement", step=Step.SERVICE_ACCOUNT, checks=("trust.decision", "sts.trust")),
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
            _ACCOUNT,
            _AUDIENCE,
            Cause(id="signature", step=Step.TOKEN_MOUNT, checks=("sts.signature", "token.signature")),
            _ELSEWHERE,
        ),
    ),
    Refusal(
        id="no_provider",
        code="InvalidIdentityToken",
        words="No OpenIDConnect provider found",
        causes=(_PROVIDER, _ACCOUNT, _ELSEWHERE),
    ),
    Refusal(id="wrong_audience", code="InvalidIdentityToken", words="Incorrect token audience", causes=(_AUDIENCE,)),
    Refusal(
        id="no_key",
        code="InvalidIdentityToken",
        words="Couldn't retrieve verification key",
        causes=_NO_KEY,
    ),
    Refusal(id="no_key", code="IDPCommunicationError", words="", causes=_NO_KEY),
    Refusal(
        id="thumbprint",
        code="InvalidIdentityToken",
        words="doesn't match configured thumbprint",
        causes=(Cause(id="thumbprint", step=Step.OIDC_PROVIDER, checks=("provider.thumbprint",), by_warning=True),),
    ),
    Refusal(id="missing_claim", code="InvalidIdentityToken", words="Missing a required claim", causes=(_OTHER_TOKEN,)),
    Refusal(
        id="not_a_token",
        code="InvalidIdentityToken",
        words="is not a valid JWT",
        causes=(Cause(id="not_a_token", step=Step.TOKEN_MOUNT, checks=("token.format",)),),
    ),
    Refusal(
        id="expired",
        code=_EXPIRED,
        words="",
        causes=(Cause(id="expired", step=Step.TOKEN_MOUNT, checks=("sts.expiration",)),),
    ),
    Refusal(
        id="region_disabled",
        code="RegionDisabledException",
        words="",
        causes=(Cause(id="region_disabled", step=Step.STS_ASSUME),),
    ),
    Refusal(id="invalid_arn", code="ValidationError", words="Request ARN is invalid", causes=(_MALFORMED_ARN,)),
    Refusal(id="invalid_arn", code="ParamValidationError", words="RoleArn", causes=(_MALFORMED_ARN,)),
    Refusal(id="invalid_arn", code="ValidationError", words="at 'roleArn' failed to satisfy", causes=(_MALFORMED_ARN,)),
)
OF_PROGRAM: Mapping[str, tuple[Cause, ...]] = {
    **dict.fromkeys(("not_authorized", "invalid_arn"), (_OTHER_ROLE,)),
    **dict.fromkeys(("no_provider", "not_validated"), (_OTHER_ROLE, _OTHER_TOKEN)),
    **dict.fromkeys(("wrong_audience", "no_key", "not_a_token"), (_OTHER_TOKEN,)),
    "thumbprint": (_OTHER_CERTIFICATE,),
}
"""By refusal: more possible causes for the Pod's program, where nothing that was read proves another cause."""
CAUSE_OF: Mapping[str, str] = {
    check_id: cause.id for refusal in REFUSALS for cause in refusal.causes for check_id in cause.checks
}
"""By check: the cause that its failure proves, whether STS has been asked or not."""
ANSWER = "sts.credentials"
"""The check of STS's response to us."""
APPLICATION = "pod.application"
"""The check of what the Pod's own program got."""
NAMES_NO_ONE, UNKNOWN_KEY, ENCODED = "names_no_one", "unknown_key", "encoded"
"""The reasons where the program was refused by a message that names no one, that does not know the access key, or that
EC2 has encoded."""
BY_WHICH_SERVER = (NAMES_NO_ONE, UNKNOWN_KEY, ENCODED)
"""The reasons that leave open which server refused, and whose request."""
COMES_AND_GOES = "comes_and_goes"
"""The reason where the program has printed several times that it did not reach AWS, and other lines in between."""
LEAVES_OPEN = (*BY_WHICH_SERVER, COMES_AND_GOES)
"""The reasons of a program's error for which it is open whether IRSA is the cause."""
RUNNING = "pod.running"
"""The check of whether the Pod runs."""
GRANTED = "sts.recent_successes"
"""The check of what STS granted to a program of this ServiceAccount."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The possible causes of a refusal, after the checks that decide them."""

    refusal: str = ""
    """The refusal's id; empty where STS did not refuse, or by a message that we do not know."""
    remaining: tuple[Cause, ...] = ()
    """The causes that remain: the one that was found, or all that no check rules out."""
    ruled_out: tuple[Cause, ...] = ()
    """The causes that a check rules out."""

    @property
    def step(self) -> Step | None:
        """The earliest step in which the cause may lie; None where no cause remains."""
        steps = {cause.step for cause in self.remaining}
        return next((step for step in Step if step in steps), None)


def read_refusal(by_id: Mapping[str, Check]) -> Reading:
    """Which refusal it was, which of its causes remain, and which are excluded."""
    refusal = _refusal(by_id)
    if refusal is None:
        return Reading()
    if any(by_id[check_id].reason == CHANGED.id for check_id in CHANGED.checks if check_id in by_id):
        return Reading(refusal=refusal.id, remaining=(CHANGED,))
    states = [(cause, _state(cause, by_id)) for cause in refusal.causes]
    found = next((cause for cause, state in states if state is Status.FAILED), None)
    remaining = (found,) if found else tuple(cause for cause, state in states if state is Status.UNKNOWN)
    ruled_out = tuple(cause for cause, state in states if state is Status.PASSED)
    if found is None and not _failed(by_id.get(ANSWER)):
        own = [it for it in OF_PROGRAM.get(refusal.id, ()) if _state(it, by_id) is Status.UNKNOWN]
        seen = all(cause in _UNSEEN for cause in remaining)
        corrected = replace(CORRECTED, step=refusal.causes[0].step)
        remaining = (corrected, *own, *remaining) if seen else (*remaining, *own)
    return Reading(refusal=refusal.id, remaining=remaining, ruled_out=ruled_out)


def convicting(cause: Cause, by_id: Mapping[str, Check]) -> Check | None:
    """The check that proves the cause; None where none does."""
    found = (by_id[check_id] for check_id in cause.checks if check_id in by_id)
    return next((check for check in found if check.status in (Status.FAILED, Status.WARNING)), None)


def _refusal(by_id: Mapping[str, Check]) -> Refusal | None:
    """STS's refusal of our request; where we did not get to ask, its refusal of the Pod's program."""
    answer, application = by_id.get(ANSWER), by_id.get(APPLICATION)
    if answer is not None and _failed(answer):
        return next((it for it in REFUSALS if it.code == answer.got and it.words in answer.error), None)
    if application is None or not _failed(application):
        return None
    if answer is not None and answer.status is Status.PASSED:
        return None
    said = application.error
    return next((it for it in REFUSALS if _is_meant(it, said)), None) if shows_in(said) is Step.STS_ASSUME else None


def _is_meant(refusal: Refusal, said: str) -> bool:
    """Whether the error is this refusal. Some SDKs leave out the code (Java 2, .NET): the whole message shows the
    refusal without it."""
    if refusal.code == _EXPIRED:
        return expired_token(said)
    return refusal.words in said and (refusal.code in said or " " in refusal.words)


def _failed(check: Check | None) -> bool:
    return check is not None and check.status is Status.FAILED


def _state(cause: Cause, by_id: Mapping[str, Check]) -> Status:
    found = {by_id[check_id].status for check_id in cause.checks if check_id in by_id}
    if Status.FAILED in found:
        return Status.FAILED
    if Status.PASSED in found or (Status.WARNING in found and not cause.by_warning):
        return Status.PASSED
    if Status.WARNING in found:
        return Status.FAILED
    ruled_out = cause.unless and all(it in by_id and by_id[it].status is Status.PASSED for it in cause.unless)
    return Status.PASSED if ruled_out and not _failed(by_id.get(cause.open_by)) else Status.UNKNOWN
