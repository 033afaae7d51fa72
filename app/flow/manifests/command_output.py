"""What `aws` and `kubectl` print, with `--query` or without, when it is given as a file.

Roles, as IAM describes them: `aws iam get-role` and `list-roles`. A cluster's issuer: `aws eks describe-cluster` and
`kubectl get --raw /.well-known/openid-configuration`.

Sources: IAM API reference, GetRole, ListRoles and GetAccountAuthorizationDetails. A policy in IAM's own answer is
URL-encoded (RFC 3986); the AWS CLI prints it decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from app.flow import strict_json
from app.flow.json_access import get
from app.flow.manifest_documents import UnreadableDocument, documents, shape_of
from app.flow.model import JsonObject, JsonValue

POLICY = "AssumeRolePolicyDocument"
_LISTS = ("Roles", "RoleDetailList")
_ENCODED = re.compile(r"\s*%(7B|5B|22)", re.IGNORECASE)
"""How the URL-encoded text of an object, of a list or of a string begins."""
_PLACES = (
    ("cluster", "identity", "oidc", "issuer"),
    ("identity", "oidc", "issuer"),
    ("oidc", "issuer"),
    ("issuer",),
    (),
)


def roles(value: JsonValue) -> Iterator[JsonObject]:
    """The roles in a document that are described with their trust policies."""
    inner = next((found for name in ("Role", *_LISTS) if (found := get(value, name)) is not None), value)
    for role in inner if isinstance(inner, list) else [inner]:
        if isinstance(role, dict) and POLICY in role:
            yield role


def decoded(text: str) -> str:
    """JSON as it is written, also where it was URL-encoded."""
    return unquote(text) if _ENCODED.match(text) else text


def policy_of(value: JsonValue) -> JsonValue:
    """A policy is an object, or the JSON text of one. Raises `ValueError` where a text is no JSON."""
    return strict_json.loads(decoded(value)) if isinstance(value, str) else value


class NoIssuer(UnreadableDocument):
    """A file without any issuer. `problem` is what it has instead."""


def issuer_in(text: str, path: str) -> str:
    """The issuer in the text of a file. Raises `UnreadableDocument`, and `NoIssuer` where there is none."""
    read = list(documents(text, path))
    for document in read:
        for place in _PLACES:
            found = get(document.value, *place)
            if isinstance(found, str) and found.startswith("https://"):
                return found
    raise NoIssuer(path, 0, ", ".join(dict.fromkeys(shape_of(it.value) for it in read)) or "–")
