"""Reads policy documents the way IAM does when it stores them: grammar, not meaning.

The texts are IAM's. Condition operators and principals that name nothing are stored as they are: they never match.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Literal, NoReturn
from urllib.parse import quote

from app.flow.model import JsonValue
from app.world.aws.entities import PolicyDocument
from app.world.aws.errors import AwsError

Kind = Literal["trust", "identity"]

_TOP = {"Version", "Id", "Statement"}
_STATEMENT = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")
_RESOURCE = re.compile(r"\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+", re.DOTALL)
_TRUST_ACTION = re.compile(r"sts:(\*|assumerole\w*|tagsession|setsourceidentity|setcontext)[*?]*", re.IGNORECASE)
_NOT_JSON = {"trust": "This policy contains invalid Json", "identity": "Syntax errors in policy."}


def read_policy(text: str, kind: Kind) -> PolicyDocument:
    """The document. Raises `MalformedPolicyDocument` in IAM's words."""
    try:
        parsed = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        _malformed(_NOT_JSON[kind])
    if not isinstance(parsed, dict) or set(parsed) - _TOP:
        _malformed(_NOT_JSON[kind])
    if parsed.get("Version", "2008-10-17") not in ("2012-10-17", "2008-10-17"):
        _malformed("The policy must contain a valid version string")
    if not isinstance(parsed.get("Id", ""), str):
        _malformed(_NOT_JSON[kind])
    if "Statement" not in parsed:
        _malformed("Missing required field Statement")
    statements = parsed["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    sids: set[str] = set()
    for statement in statements:
        _check_statement(statement, kind)
        sid = statement.get("Sid", "")
        if sid and sid in sids:
            _malformed("Statement IDs (SID) in a single policy must be unique.")
        sids.add(sid)
    return PolicyDocument(text=text, parsed=parsed)


def on_the_wire(document: PolicyDocument) -> str:
    """The document as IAM answers it: percent-encoded (RFC 3986)."""
    return quote(document.text, safe="-_.~")


def _check_statement(statement: JsonValue, kind: Kind) -> None:
    if not isinstance(statement, dict) or set(statement) - _STATEMENT:
        _malformed(_NOT_JSON[kind])
    if not isinstance(statement.get("Sid", ""), str):
        _malformed(_NOT_JSON[kind])
    if "Effect" not in statement:
        _malformed("Missing required field Effect")
    if statement["Effect"] not in ("Allow", "Deny"):
        _malformed(f"Invalid effect: {_short(statement['Effect'])}")
    actions = _strings(statement, "Action", kind)
    if actions is None:
        if kind == "trust":
            _malformed("Missing required field Action")
        _malformed("Policy statement must contain actions.")
    for action in actions:
        if not _ACTION.fullmatch(action):
            _malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    _check_condition(statement.get("Condition", {}), kind)
    if kind == "trust":
        _check_trust(statement, actions)
    else:
        _check_identity(statement)


def _check_trust(statement: Mapping[str, JsonValue], actions: list[str]) -> None:
    if "Resource" in statement or "NotResource" in statement:
        _malformed(f"Has prohibited field {'Resource' if 'Resource' in statement else 'NotResource'}")
    if "NotPrincipal" in statement:
        _malformed("AssumeRole policy must not contain NotPrincipal field.")
    if "Principal" not in statement:
        _malformed("Missing required field Principal")
    if "Action" in statement and not all(_TRUST_ACTION.fullmatch(action) for action in actions):
        _malformed("AssumeRole policy may only specify STS AssumeRole actions.")
    principal = statement["Principal"]
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or set(principal) - {"AWS", "Federated", "Service"}:
        _malformed(f"Invalid principal in policy: {_short(principal)}")
    for type_, values in principal.items():
        for value in values if isinstance(values, list) else [values]:
            if not isinstance(value, str) or not value:
                _malformed(f'Invalid principal in policy: "{type_}":"{_short(value)}"')


def _check_identity(statement: Mapping[str, JsonValue]) -> None:
    if "Principal" in statement or "NotPrincipal" in statement:
        _malformed("Policy document should not specify a principal.")
    resources = _strings(statement, "Resource", "identity")
    if resources is None:
        _malformed("Policy statement must contain resources.")
    for resource in resources:
        if not _RESOURCE.fullmatch(resource):
            _malformed(f'Resource {resource} must be in ARN format or "*".')


def _check_condition(condition: JsonValue, kind: Kind) -> None:
    if not isinstance(condition, dict):
        _malformed(_NOT_JSON[kind])
    for keys in condition.values():
        if not isinstance(keys, dict):
            _malformed(_NOT_JSON[kind])
        for values in keys.values():
            for value in values if isinstance(values, list) else [values]:
                if not isinstance(value, str | int | float | bool):
                    _malformed(_NOT_JSON[kind])


def _strings(statement: Mapping[str, JsonValue], name: str, kind: Kind) -> list[str] | None:
    """The values of an element or of its `Not…`; None when neither is there or it is empty."""
    if name in statement and f"Not{name}" in statement:
        _malformed(_NOT_JSON[kind])
    value = statement.get(name, statement.get(f"Not{name}"))
    values = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(item, str) for item in values):
        _malformed(_NOT_JSON[kind])
    return values or None


def _short(value: JsonValue) -> str:
    return str(value)[:200]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _malformed(message: str) -> NoReturn:
    raise AwsError(400, "MalformedPolicyDocument", message)
