"""What fixes the links that lie with the issuer: its discovery document, its keys and its certificate."""

from __future__ import annotations

from app.flow.doctor import changes
from app.flow.doctor.fix import Fix
from app.flow.doctor.names import Names, line
from app.flow.json_access import get_object, get_str, strings
from app.flow.names import is_public


def publish(names: Names) -> Fix:
    issuer = names.issuer
    if not issuer:
        return Fix(id="read_issuer", commands=(line("kubectl", "get", "--raw", "/.well-known/openid-configuration"),))
    if not is_public(issuer):
        return Fix(id="private_issuer", commands=(line("kubectl", "get", "--raw", "/openid/v1/jwks"),))
    return Fix(id="publish", commands=(line("curl", "-fsS", f"{issuer}/.well-known/openid-configuration"),))


def compare_keys(names: Names) -> Fix:
    jwks_uri = get_str(names.documents.get("discovery"), "jwks_uri")
    commands = (line("kubectl", "get", "--raw", "/openid/v1/jwks"), line("curl", "-fsS", jwks_uri))
    return Fix(id="compare_keys", commands=commands)


def register_thumbprint(names: Names) -> Fix:
    known = strings(get_object(names.documents.get("thumbprint")).get("registered"))
    thumbprints = (*known[:4], names.check.expected)
    wanted = ("--open-id-connect-provider-arn", names.provider_arn, "--thumbprint-list", *thumbprints)
    return Fix(
        id="thumbprint",
        commands=(names.iam("update-open-id-connect-provider-thumbprint", *wanted),),
        change=changes.provider(names, ThumbprintList=list(thumbprints)),
    )
