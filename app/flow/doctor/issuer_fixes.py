"""What fixes the links that lie with the issuer: its document, its keys, its certificate, its IAM OIDC provider."""

from __future__ import annotations

from dataclasses import replace

from app.flow.doctor import changes, pod_fixes
from app.flow.doctor.aws_fixes import associations, lacks_login, log_in
from app.flow.doctor.fix import Fix, line
from app.flow.doctor.names import Names
from app.flow.doctor.trust_fix import is_for_pod_identity
from app.flow.json_access import get_object, get_str, strings
from app.flow.model import Status
from app.flow.names import DEFAULT_AUDIENCE, is_public
from app.flow.steps.oidc_provider import NO_KID


def publish(names: Names) -> Fix:
    issuer = names.issuer
    if not issuer:
        return Fix(id="read_issuer", commands=(line("kubectl", "get", "--raw", "/.well-known/openid-configuration"),))
    if names.check.reason == NO_KID:
        return replace(compare_keys(names), id="publish_kid")
    if not is_public(issuer):
        return Fix(id="private_issuer", commands=(line("kubectl", "get", "--raw", "/openid/v1/jwks"),))
    return Fix(id="publish", commands=(line("curl", "-fsS", f"{issuer}/.well-known/openid-configuration"),))


def name_issuer(names: Names) -> Fix:
    """Without the cluster's issuer it is open whether the role trusts this cluster. The token contains it as well."""
    if known := get_str(names.documents.get("token"), "claims", "iss"):
        return Fix(id="issuer_of_token", commands=(names.doctor(issuer=known),))
    asked = ("--name", "CLUSTER", *names.in_region, "--query", "cluster.identity.oidc.issuer", "--output", "text")
    look = line("aws", "eks", "describe-cluster", *asked)
    return Fix(id="name_issuer", commands=(look, names.doctor(issuer="ISSUER_URL")))


def compare_keys(names: Names) -> Fix:
    """On EKS AWS publishes the keys. Anywhere else that has to be done by hand."""
    jwks_uri = get_str(names.documents.get("discovery"), "jwks_uri")
    commands = (line("kubectl", "get", "--raw", "/openid/v1/jwks"), line("curl", "-fsS", jwks_uri))
    return Fix(id="compare_keys" if names.region else "publish_kid", commands=commands)


def unknown_key(names: Names) -> Fix:
    """Where the API server signs with a key that the issuer does not publish, a new Pod's token has that key, too."""
    listed = names.check_of("issuer.cluster_keys")
    signs = listed is not None and names.check.got in listed.expected.split(", ")
    return compare_keys(names) if signs else pod_fixes.recreate(names)


def register_thumbprint(names: Names) -> Fix:
    known = strings(get_object(names.documents.get("thumbprint")).get("registered"))
    thumbprints = (*known[:4], names.check.expected)
    wanted = ("--open-id-connect-provider-arn", names.provider_arn, "--thumbprint-list", *thumbprints)
    return Fix(
        id="thumbprint",
        commands=(names.iam("update-open-id-connect-provider-thumbprint", *wanted),),
        change=changes.provider(names, ThumbprintList=list(thumbprints)),
    )


def register_refused(names: Names) -> Fix:
    """STS has compared the thumbprint, whichever CA has signed the issuer's certificate."""
    fix = register_thumbprint(names)
    return replace(fix, id="thumbprint_refused")


def create_provider(names: Names) -> Fix:
    """In the account of the role, which may not be ours. Where its providers were not read, it may have this one
    already."""
    if lacks_login(names, "provider.exists"):
        return log_in(names)
    wanted = ("--url", names.issuer, "--client-id-list", changes.lasting_bearer(names).audience)
    create, change = names.iam("create-open-id-connect-provider", *wanted, *names.there), changes.new_provider(names)
    if beside := names.near("provider"):
        look = names.iam("get-open-id-connect-provider", "--open-id-connect-provider-arn", beside)
        return Fix(id="mean_provider", commands=(look, create), change=change)
    if is_for_pod_identity(names.documents.get("trust_policy")):
        return Fix(id="provider_or_association", commands=(associations(names), create), change=change)
    if names.there:
        return Fix(id="create_provider_there", commands=(create,), change=change)
    if (read := names.check_of("provider.exists")) is not None and read.status is Status.UNKNOWN:
        look = names.iam("list-open-id-connect-providers")
        return Fix(id="create_provider_unread", commands=(look, create), change=change)
    return Fix(id="create_provider", commands=(create,), change=change)


def accept_audience(names: Names) -> Fix:
    slip = names.bearer.audience.strip() in ("", DEFAULT_AUDIENCE)
    if (names.check.id == "sts.audience" or slip) and names.asks_for_audience:
        return pod_fixes.default_audience(names)
    if lacks_login(names, "provider.exists"):
        return log_in(names)
    arn = names.provider_arn or names.bearer.provider_arn
    wanted = ("--open-id-connect-provider-arn", arn, "--client-id", names.bearer.audience)
    accepted = strings(get_object(names.documents.get("provider")).get("ClientIDList"))
    return Fix(
        id="accept_audience",
        commands=(names.iam("add-client-id-to-open-id-connect-provider", *wanted),),
        change=changes.provider(names, ClientIDList=[*accepted, names.bearer.audience]),
    )
