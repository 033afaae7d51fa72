"""A token that is sent to STS beside the walk: read again in the Pod, perhaps changed, judged as in the walk.

The token itself goes to STS and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.flow.errors import FlowError
from app.flow.model import Check, JsonValue, Status, StepReport, Subject
from app.flow.names import API_TOKEN, annotated_role_arn
from app.flow.ports import Ports
from app.flow.redaction import MASK
from app.flow.steps import oidc_provider, service_account, sts_assume
from app.flow.steps.injection import token_container
from app.flow.steps.step_context import StepContext
from app.flow.token import MalformedToken, decode, verify
from app.flow.tokens.tampering import Change, flip


@dataclass(frozen=True, kw_only=True)
class Submission:
    """The token that was sent, without its signature, and the result."""

    report: StepReport | None = None
    """What STS verifies, verified here, and its own answer: step 5 of the walk, for this token."""
    signed: bool | None = None
    """Whether the signature is the issuer's, by its published key; None where there was no key to verify it with.

    Known although STS stops before it looks at the signature.
    """
    change: Change | None = None
    compact: str = ""
    """The token as it was read, before any change, its signature masked."""
    unread: str = ""
    """Why there was no token to send, as the message of the server that refused; empty where the Pod mounts none."""
    malformed: Check | None = None
    """The check of step 4 that fails, where the text that was read is no token."""


def submit_changed(ports: Ports, subject: Subject, index: int) -> Submission:
    """Sends the token for STS with its character at `index` changed. Raises `NotACharacter`."""
    read = read_token(ports, subject)
    if isinstance(read, Submission):
        return read
    try:
        changed, change = flip(read, index)
    except MalformedToken as error:
        return _no_token(error, subject)
    return replace(_sent(ports, subject, changed), change=change, compact=_masked(read))


def submit_api_token(ports: Ports, subject: Subject) -> Submission:
    """Sends the other token of the Pod, the one for the API server."""
    read = read_token(ports, subject, API_TOKEN)
    return read if isinstance(read, Submission) else replace(_sent(ports, subject, read), compact=_masked(read))


def read_token(ports: Ports, subject: Subject, path: str = "") -> str | Submission:
    """The token at `path` in the Pod, or where the container's variable points to; or why there is none. It is a
    secret."""
    try:
        mounted = token_container(ports.cluster.pod(subject.namespace, subject.pod))
        if mounted is None:
            return Submission()
        container, own = mounted
        content = ports.cluster.execute(subject.namespace, subject.pod, container, ["cat", path or own])
    except FlowError as error:
        return Submission(unread=error.server_message)
    return content.stdout if content.exit_code == 0 else Submission(unread=content.stderr.strip())


def read_claims(ports: Ports, subject: Subject) -> tuple[str, JsonValue] | Submission:
    """The token for STS, and its claims; or why there is none. It is a secret."""
    token = read_token(ports, subject)
    try:
        return token if isinstance(token, Submission) else (token, decode(token).claims)
    except MalformedToken as error:
        return _no_token(error, subject)


def read_with_role(ports: Ports, subject: Subject) -> tuple[str, JsonValue, str] | Submission:
    """The token for STS, which is a secret, its claims, and the ARN of the annotated role; or why there is none."""
    read = read_claims(ports, subject)
    if isinstance(read, Submission):
        return read
    try:
        account = ports.cluster.service_account(subject.namespace, subject.service_account)
    except FlowError as error:
        return Submission(unread=error.server_message)
    return *read, annotated_role_arn(account)


def _no_token(error: MalformedToken, subject: Subject) -> Submission:
    where = f"{subject.namespace}/{subject.pod}"
    return Submission(
        malformed=Check(id="token.format", status=Status.FAILED, got=error.got, expected=error.expected, where=where)
    )


def _sent(ports: Ports, subject: Subject, token: str) -> Submission:
    # (1) What the checks need: keys, provider, role and trust policy, as they are now.
    step_context = StepContext()
    for step in (oidc_provider, service_account):
        _, step_context = step.inspect(ports, subject, step_context)

    # (2) The signature and the times, then the rest and STS itself.
    try:
        verification = verify(token, step_context.jwks, now=ports.clock.now())
    except MalformedToken:
        verification = None
    report, _ = sts_assume.inspect(ports, subject, replace(step_context, token=token, verification=verification))
    signed = verification.result("signature").passed if verification else None
    return Submission(report=report, signed=signed)


def _masked(token: str) -> str:
    return f"{token.rpartition('.')[0]}.{MASK}"
