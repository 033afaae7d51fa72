"""Policy documents as IAM takes and gives them: checked when stored, percent-encoded when answered."""

from __future__ import annotations

import re
from urllib.parse import quote

from app.flow.policy.policy import MalformedPolicy, validate_permission_policy, validate_trust_policy
from app.flow.policy.policy_grammar import principals, statements_of
from app.world.aws.account import Account
from app.world.aws.errors import AwsError


def trust_policy(account: Account, text: str) -> str:
    """The text of a trust policy of a role of the account. Raises `MalformedPolicyDocument` in IAM's words.

    IAM looks up the roles and users that it names; here only those of the role's own account.
    """
    try:
        document = validate_trust_policy(text)
    except MalformedPolicy as error:
        raise malformed(str(error)) from error
    for statement in statements_of(document):
        for kind, names in principals(statement["Principal"]):
            for name in names:
                if kind == "AWS" and _is_missing(account, name):
                    raise malformed(f'Invalid principal in policy: "AWS":"{name}"')
    return text


def _is_missing(account: Account, principal: str) -> bool:
    found = re.fullmatch(rf"arn:[^:]*:iam::{account.account_id}:(role|user)/(?:.*/)?([^/]+)", principal)
    if found is None or principal == account.admin.arn:
        return False
    entity = (account.roles if found[1] == "role" else account.users).get(found[2])
    return entity is None or entity.arn != principal


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
