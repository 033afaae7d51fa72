"""Policy documents as IAM takes and gives them: checked when stored, percent-encoded when answered."""

from __future__ import annotations

from urllib.parse import quote

from app.flow.policy.policy import MalformedPolicy, validate_permission_policy, validate_trust_policy
from app.world.aws.errors import AwsError


def trust_policy(text: str) -> str:
    """The text of a role's trust policy. Raises `MalformedPolicyDocument` in IAM's words."""
    try:
        validate_trust_policy(text)
    except MalformedPolicy as error:
        raise malformed(str(error)) from error
    return text


def permission_policy(text: str) -> str:
    """The text of an identity or session policy. Raises `MalformedPolicyDocument` in IAM's words."""
    try:
        validate_permission_policy(text)
    except MalformedPolicy as error:
        raise malformed(str(error)) from error
    return text


def malformed(message: str) -> AwsError:
    """`MalformedPolicyDocument`, 400."""
    return AwsError(400, "MalformedPolicyDocument", message)


def on_the_wire(document: str) -> str:
    """A document as IAM answers it (RFC 3986)."""
    return quote(document, safe="-_.~")
