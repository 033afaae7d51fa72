"""What fixes the links that lie with the issuer: its discovery document, and the keys that it publishes."""

from __future__ import annotations

from app.flow.doctor.fix import Fix
from app.flow.doctor.names import Names, line
from app.flow.json_access import get_str
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
