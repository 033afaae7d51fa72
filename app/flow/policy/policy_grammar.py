"""What IAM refuses when a policy is stored, in IAM's own words.

Source of the texts: first-hand transcripts in public issues, and the emulators that were tested against AWS. IAM does
not publish the order in which it checks; here it is document, then statement by statement.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from app.flow import strict_json
from app.flow.model import JsonValue
from app.flow.policy.conditions import parse_operator
from app.flow.policy.patterns import Values

Document: TypeAlias = Mapping[str, Any]

INVALID_JSON = "This policy contains invalid Json"
_SID = re.compile("[0-9A-Za-z]*")
"""Of a statement of a permission policy; a trust policy's may contain anything."""
SYNTAX_ERROR = "Syntax errors in policy."
VERSIONS = ("2012-10-17", "2008-10-17")
DOCUMENT_FIELDS = frozenset(("Version", "Id", "Statement"))
STATEMENT_FIELDS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)
PRINCIPAL_TYPES = ("AWS", "Federated", "Service", "CanonicalUser")
_FEDERATED = re.compile(
    r"arn:aws[a-z-]*:iam::\d{12}:(?:oidc|saml)-provider/.+|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII | re.DOTALL
)
_AWS = re.compile(
    r"\*|\d{12}|A[A-Z0-9]{15,127}|arn:aws[a-z-]*:"
    r"(?:iam::\d{12}:(?:root|(?:user|role)/[^*?]+)|sts::\d{12}:(?:assumed-role/[^*?/]+/[^*?/]+|federated-user/[^*?/]+))",
    re.ASCII,
)
"""An AWS principal: an account, a role, a user, a session, the unique id of one of them, or `*` for all (IAM user
guide, "AWS JSON policy elements: Principal"). No part of a name may be a wildcard."""
NO_TRUST_ACTION = "AssumeRole policy may only specify STS AssumeRole actions."
_TRUST_ACTIONS = frozenset(
    f"sts:{name}"
    for name in (
        *("assumerole", "assumerolewithsaml", "assumerolewithwebidentity"),
        *("tagsession", "setsourceidentity", "setcontext"),
    )
)
"""What IAM's user guide has in trust policies. A misspelt name of one is refused (hashicorp/terraform-provider-aws,
issue 32872)."""
_VENDOR = re.compile(r"[A-Za-z0-9.-]+")


class MalformedPolicy(Exception):
    """IAM's `MalformedPolicyDocument`; the message is what IAM says."""


def parse_document(policy: JsonValue, *, broken: str = INVALID_JSON) -> Document:
    """The JSON object in `policy`, a text or an object already. Raises `MalformedPolicy(broken)` where there is none.

    An object goes through its JSON text too, so that whatever is not JSON stops here.
    """
    try:
        text = policy if isinstance(policy, str) else json.dumps(policy)
        document = strict_json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise MalformedPolicy(broken) from error
    if not isinstance(document, dict):
        raise MalformedPolicy(broken)
    return document


def statements_of(document: Document) -> list[JsonValue]:
    """The statements: `Statement` may be one object or a list of them. Raises `MalformedPolicy` where the document
    around them is not one of a policy."""
    for name in document:
        if name not in DOCUMENT_FIELDS:
            raise MalformedPolicy(f"Unknown field {name}")
    if document.get("Version", VERSIONS[1]) not in VERSIONS:
        raise MalformedPolicy("The policy must contain a valid version string")
    if "Statement" not in document:
        raise MalformedPolicy("Missing required field Statement")
    found = document["Statement"]
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list):
        raise MalformedPolicy(SYNTAX_ERROR)
    if not found:
        raise MalformedPolicy("Could not parse the policy: Statement is empty!")
    return found


def strings(value: JsonValue) -> Values:
    """A text or a list of at least one text. Raises `MalformedPolicy`."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise MalformedPolicy(SYNTAX_ERROR)


def one_field(statement: Document, field: str) -> str:
    """Which of `field` and its `Not` form the statement has. Raises `MalformedPolicy` where it is both or neither."""
    negated = f"Not{field}"
    if negated in statement:
        if field in statement:
            raise MalformedPolicy(SYNTAX_ERROR)
        return negated
    if field not in statement:
        raise MalformedPolicy(f"Missing required field {field}")
    return field


def principals(value: JsonValue) -> tuple[tuple[str, Values], ...]:
    """The principals by type; `"*"` is short for `{"AWS": "*"}`. Raises `MalformedPolicy`."""
    if value == "*":
        return (("AWS", ("*",)),)
    if not isinstance(value, dict):
        raise MalformedPolicy(SYNTAX_ERROR)
    if not value:
        raise MalformedPolicy("Missing required field Principal cannot be empty!")
    for kind in value:
        if kind not in PRINCIPAL_TYPES:
            raise MalformedPolicy(f'Invalid principal in policy: "{kind}"')
    return tuple((kind, strings(names)) for kind, names in value.items())


def effect_of(statement: Document) -> str:
    """`Allow` or `Deny`; both are case-sensitive. Raises `MalformedPolicy`."""
    if "Effect" not in statement:
        raise MalformedPolicy("Missing required field Effect")
    effect = statement["Effect"]
    if effect == "Allow" or effect == "Deny":
        return str(effect)
    raise MalformedPolicy(f"Invalid effect: {effect}" if isinstance(effect, str) else SYNTAX_ERROR)


def scalar(value: JsonValue) -> str:
    """A condition value as IAM compares it: a text, or a number's or boolean's JSON. Raises `MalformedPolicy`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    raise MalformedPolicy(SYNTAX_ERROR)


def scalars(value: JsonValue) -> Values:
    """One condition value or a list of them. Raises `MalformedPolicy`."""
    if isinstance(value, str):  # nearly all of a request's keys
        return (value,)
    return tuple(scalar(item) for item in value) if isinstance(value, list) else (scalar(value),)


def conditions_of(statement: Document) -> list[tuple[str, str, JsonValue]]:
    """The lines of the `Condition` block: operator, key, values as written. Raises `MalformedPolicy` on others."""
    block = statement.get("Condition", {})
    if not isinstance(block, dict):
        raise MalformedPolicy(SYNTAX_ERROR)
    lines = []
    for name, keys in block.items():
        if parse_operator(name) is None and not (isinstance(keys, dict) and keys):
            raise MalformedPolicy(f"Invalid Condition type : {name}")
        if not isinstance(keys, dict):
            raise MalformedPolicy(SYNTAX_ERROR)
        lines += [(name, key, values) for key, values in keys.items()]
    return lines


def _check_statement(statement: JsonValue) -> Document:
    if not isinstance(statement, dict):
        raise MalformedPolicy(SYNTAX_ERROR)
    for name in statement:
        if name not in STATEMENT_FIELDS:
            raise MalformedPolicy(f"Unknown field {name}")
    if not isinstance(statement.get("Sid", ""), str):
        raise MalformedPolicy(SYNTAX_ERROR)
    effect_of(statement)
    return statement


def _check_conditions(statement: Document) -> None:
    for name, _, values in conditions_of(statement):
        if parse_operator(name) is None:
            raise MalformedPolicy(f"Invalid Condition type : {name}")
        scalars(values)


def _check_sids(statements: list[JsonValue], said: str) -> None:
    sids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise MalformedPolicy(said)


def validate_trust_policy(text: str) -> Document:
    """Check a role's trust policy as CreateRole and UpdateAssumeRolePolicy do, and return the document.

    Raises `MalformedPolicy`. Whether the principals exist is for the account to look up.
    """
    document = parse_document(text)
    found = statements_of(document)
    for item in found:
        statement = _check_statement(item)
        # (1) Who: a Principal, as an object.
        if "NotPrincipal" in statement:
            allow = effect_of(statement) == "Allow"
            raise MalformedPolicy(
                "Allow with NotPrincipal is not allowed."
                if allow
                else "AssumeRole policy must not contain NotPrincipal field."
            )
        one_field(statement, "Principal")
        if statement["Principal"] == "*":
            raise MalformedPolicy('AssumeRolepolicy contained an invalid principal: "STAR":"*".')
        for kind, names in principals(statement["Principal"]):
            if kind == "Federated" and not all(_FEDERATED.fullmatch(name) for name in names):
                raise MalformedPolicy("Federated principals must be valid domain names or SAML metadata ARNs")
            if kind == "AWS" and (odd := next((name for name in names if not _AWS.fullmatch(name)), None)):
                raise MalformedPolicy(f'Invalid principal in policy: "AWS":"{odd}"')
        # (2) What: the actions with which a role is assumed. `*` is refused.
        if not all(map(may_be_trusted_with, strings(statement[one_field(statement, "Action")]))):
            raise MalformedPolicy(NO_TRUST_ACTION)
        # (3) On what: the role itself, so nothing may be said.
        if "Resource" in statement:
            raise MalformedPolicy("Has prohibited field Resource")
        if "NotResource" in statement:
            raise MalformedPolicy("AssumeRole policy must not contain resources.")
        _check_conditions(statement)
    _check_sids(found, "The Statement Ids in the policy are not unique")
    return document


def may_be_trusted_with(action: str) -> bool:
    """Whether IAM stores a trust policy with this action. Of an action of STS with a wildcard that is not confirmed."""
    name = action.lower()
    return name.startswith("sts:") and (bool({"*", "?"} & set(name)) or name in _TRUST_ACTIONS)


def validate_permission_policy(text: str) -> Document:
    """Check an identity policy as CreatePolicy and PutRolePolicy do, and return the document.

    Raises `MalformedPolicy`.
    """
    document = parse_document(text, broken=SYNTAX_ERROR)
    try:
        found = statements_of(document)
        checked = [_check_statement(item) for item in found]
        for statement in checked:
            _check_conditions(statement)
    except MalformedPolicy as error:
        # IAM does not name the fault of an identity policy's grammar.
        raise MalformedPolicy(SYNTAX_ERROR) from error
    for statement in checked:
        if "Principal" in statement or "NotPrincipal" in statement:
            raise MalformedPolicy("Policy document should not specify a principal.")
    _check_sids(found, "Statement IDs (SID) in a single policy must be unique.")
    for statement in checked:
        if not _SID.fullmatch(statement.get("Sid", "")):
            raise MalformedPolicy(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
                "[0-9A-Za-z]*"
            )
        for action in _listed(statement, "Action", "Policy statement must contain actions."):
            _check_action(action)
        for resource in _listed(statement, "Resource", "Policy statement must contain resources."):
            if resource != "*" and ":" not in resource:
                raise MalformedPolicy(f'Resource {resource} must be in ARN format or "*".')
    return document


def _listed(statement: Document, field: str, missing: str) -> Values:
    if not statement.get(field) and not statement.get(f"Not{field}"):
        raise MalformedPolicy(missing)
    return strings(statement[one_field(statement, field)])


def _check_action(action: str) -> None:
    vendor, colon, name = action.partition(":")
    if not colon and action != "*":
        raise MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if ":" in name:
        raise MalformedPolicy("Actions/Condition can contain only one colon.")
    if colon and not _VENDOR.fullmatch(vendor):
        raise MalformedPolicy(f"Vendor {vendor} is not valid")
