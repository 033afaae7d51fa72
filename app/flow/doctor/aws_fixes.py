"""What fixes the links that lie in AWS: provider, role, permissions; and the annotation that points to the role."""

from __future__ import annotations

import json

from app.flow.annotations import AUDIENCE, ROLE_ARN, is_role_arn
from app.flow.doctor import changes
from app.flow.doctor.fix import Fix
from app.flow.doctor.names import PROFILE_HERE, ROLE_HERE, Names, line
from app.flow.doctor.trust_fix import VERSION, admitting, matches_nobody, narrowed
from app.flow.json_access import get_object, get_str, strings
from app.flow.model import JsonObject, Status
from app.flow.names import DEFAULT_AUDIENCE
from app.flow.verdict.refusals import CHANGED

_READ_ONLY = "iam::aws:policy/AmazonS3ReadOnlyAccess"
_READS = {
    "Effect": "Allow",
    "Action": ["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"],
    "Resource": "*",
}
"""What that policy allows (AWS Managed Policy Reference, AmazonS3ReadOnlyAccess)."""
_DENY = "explicit-deny"


# --- 1 OIDC provider -------------------------------------------------------------------------------------------------


def publish(names: Names) -> Fix:
    issuer = names.issuer
    if not issuer:
        return Fix(id="read_issuer", commands=(line("kubectl", "get", "--raw", "/.well-known/openid-configuration"),))
    return Fix(id="publish", commands=(line("curl", "-fsS", f"{issuer}/.well-known/openid-configuration"),))


def compare_keys(names: Names) -> Fix:
    jwks_uri = get_str(names.documents.get("discovery"), "jwks_uri")
    commands = (line("kubectl", "get", "--raw", "/openid/v1/jwks"), line("curl", "-fsS", jwks_uri))
    return Fix(id="compare_keys", commands=commands)


def create_provider(names: Names) -> Fix:
    """Where ours is found, it is another account that has none: that of the role."""
    wanted = ("--url", names.issuer, "--client-id-list", names.bearer.audience)
    there = ("--profile", PROFILE_HERE) if names.provider_arn not in ("", names.bearer.provider_arn) else ()
    return Fix(
        id="create_provider",
        commands=(names.iam("create-open-id-connect-provider", *wanted, *there),),
        change=changes.new_provider(names),
    )


def accept_audience(names: Names) -> Fix:
    if names.check.id == "sts.audience" and names.bearer.audience != DEFAULT_AUDIENCE:
        return _default_audience(names)
    arn = names.provider_arn or names.bearer.provider_arn
    wanted = ("--open-id-connect-provider-arn", arn, "--client-id", names.bearer.audience)
    accepted = strings(get_object(names.documents.get("provider")).get("ClientIDList"))
    return Fix(
        id="accept_audience",
        commands=(names.iam("add-client-id-to-open-id-connect-provider", *wanted),),
        change=changes.provider(names, ClientIDList=[*accepted, names.bearer.audience]),
    )


def register_thumbprint(names: Names) -> Fix:
    known = strings(get_object(names.documents.get("thumbprint")).get("registered"))
    thumbprints = (*known[:4], names.check.expected)
    wanted = ("--open-id-connect-provider-arn", names.provider_arn, "--thumbprint-list", *thumbprints)
    return Fix(
        id="thumbprint",
        commands=(names.iam("update-open-id-connect-provider-thumbprint", *wanted),),
        change=changes.provider(names, ThumbprintList=list(thumbprints)),
    )


# --- 2 ServiceAccount and role ---------------------------------------------------------------------------------------


def create_service_account(names: Names) -> Fix:
    """The Pod may still know the role."""
    arn = names.role_of_pod or names.likely_role
    commands = (
        names.kubectl("create", "serviceaccount", names.service_account),
        names.annotate(f"{ROLE_ARN}={arn}"),
    )
    return _naming(
        names, arn, Fix(id="create_service_account", commands=commands, change=changes.new_account(names, arn))
    )


def annotate(names: Names) -> Fix:
    """The role may stand under a key that nothing reads, or in a Pod from the time when it stood there."""
    known = (*map(str, names.annotations.values()), names.role_of_pod)
    astray = next((value for value in known if is_role_arn(value)), names.likely_role)
    empty = ("--overwrite",) if ROLE_ARN in names.annotations else ()
    commands = (names.annotate(*empty, f"{ROLE_ARN}={astray}"), *names.recreate())
    return _naming(
        names, astray, Fix(id="annotate", commands=commands, change=changes.annotated(names, role_arn=astray))
    )


def correct_arn(names: Names) -> Fix:
    """A bare name lacks nothing but the account; of any other text the role is asked for."""
    arn = f"arn:{names.partition}:iam::{names.account}:role/{names.role_arn.removeprefix('role/')}"
    return _name_role(names, arn if is_role_arn(arn) else names.likely_role)


def correct_account(names: Names) -> Fix | None:
    """A role of another account needs no fix, unless STS refuses it and this account has one of the same name."""
    return _name_role(names, names.check.expected) if names.check.status is Status.FAILED else None


def _name_role(names: Names, arn: str) -> Fix:
    commands = (names.annotate("--overwrite", f"{ROLE_ARN}={arn}"), *names.recreate())
    return _naming(names, arn, Fix(id="correct_arn", commands=commands, change=changes.annotated(names, role_arn=arn)))


def _naming(names: Names, arn: str, fix: Fix) -> Fix:
    """The same, where the role is known; else with those that may be meant, or after a look for them."""
    commands, change = fix.commands, fix.change
    if arn != ROLE_HERE:
        found = arn == names.likely_role and names.exists
        return Fix(id="found_role", commands=commands, change=change) if found else fix
    if names.admitting is None:
        return Fix(id="find_role", commands=(names.find_role(), *commands), change=change)
    if not names.admitting:
        return Fix(id="no_role", commands=commands, change=change)
    return Fix(id="choose_role", commands=commands, change=change, choices=names.admitting)


def role(names: Names) -> Fix:
    """IAM knows a role of that name under another ARN (its path is missing), or none at all."""
    if is_role_arn(names.check.got):
        return _name_role(names, names.check.got)
    if not names.issuer:
        return look_for_role(names)
    policy = admitting(None, names.bearer)
    path = ("--path", names.role_path) if names.role_path != "/" else ()
    wanted = ("--role-name", names.role_name, *path, "--assume-role-policy-document", json.dumps(policy))
    return Fix(
        id="create_role",
        commands=(names.iam("create-role", *wanted),),
        change=changes.trust(names, policy, new=True),
    )


def look_for_role(names: Names) -> Fix:
    return Fix(id="look_for_role", commands=(names.iam("get-role", "--role-name", names.role_name),))


def trust(names: Names) -> Fix:
    """One statement more lets the ServiceAccount in, unless it is its audience alone that is not known there."""
    if names.check.reason == CHANGED.id:
        return Fix(id="read_again")
    if names.check.id == "trust.audience" and names.bearer.audience != DEFAULT_AUDIENCE:
        return _default_audience(names)
    before = names.documents.get("trust_policy")
    policy = admitting(before, names.bearer)
    if policy is None:
        return _show_trust(names)
    commands, change = (names.update_trust(policy),), changes.trust(names, policy)
    if matches_nobody(before, names.bearer):
        return Fix(id="trust_instead", commands=commands, change=change)
    return Fix(id="trust", commands=commands, change=change)


def _default_audience(names: Names) -> Fix:
    """An audience of one's own is more often a slip than meant."""
    return Fix(
        id="default_audience",
        commands=(names.annotate(f"{AUDIENCE}-"), *names.recreate(DEFAULT_AUDIENCE)),
        change=changes.annotated(names, audience=None),
    )


def _show_trust(names: Names) -> Fix:
    asked = ("--role-name", names.role_name, "--query", "Role.AssumeRolePolicyDocument")
    return Fix(id="remove_deny", commands=(names.iam("get-role", *asked),))


def narrow(names: Names) -> Fix | None:
    policy = narrowed(names.documents.get("trust_policy"), names.bearer)
    if policy is None:
        return None
    return Fix(id="narrow", commands=(names.update_trust(policy),), change=changes.trust(names, policy))


# --- 5 STS, 6 S3 -----------------------------------------------------------------------------------------------------


def activate_region(names: Names) -> Fix:
    return Fix(id="activate_region")


def organization(names: Names) -> Fix:
    kinds = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
    asked = (line("aws", "organizations", "list-policies", "--filter", kind) for kind in kinds)
    return Fix(id="organization", commands=tuple(asked))


def read_answer(names: Names) -> Fix:
    return Fix(id="read_answer")


def boundary(names: Names) -> Fix:
    asked = ("--role-name", names.role_name, "--query", "Role.PermissionsBoundary")
    return Fix(id="boundary", commands=(names.iam("get-role", *asked),))


def permit(names: Names) -> Fix:
    """A Deny is not helped by one more Allow, nor what the role's own policies allow already."""
    if "permissions boundary" in names.check.error:
        return boundary(names)
    if "control policy" in names.check.error or names.found("access.policy"):
        return organization(names)
    if names.check.got == _DENY or "explicit deny" in names.check.error:
        return Fix(
            id="remove_deny_from_role",
            commands=(
                names.iam("list-attached-role-policies", "--role-name", names.role_name),
                names.iam("list-role-policies", "--role-name", names.role_name),
            ),
        )
    read_only = f"arn:{names.partition}:{_READ_ONLY}"
    wanted = ("--role-name", names.role_name, "--policy-arn", read_only)
    return Fix(
        id="permit",
        commands=(names.iam("attach-role-policy", *wanted),),
        change=changes.permissions(names, read_only, _policy(_READS)),
    )


def permit_action(names: Names, action: str, resource: str) -> Fix:
    """What the Pod's program was refused."""
    policy = _policy({"Effect": "Allow", "Action": action, "Resource": resource})
    name = f"allow-{action.replace(':', '-')}"
    wanted = ("--role-name", names.role_name, "--policy-name", name, "--policy-document", json.dumps(policy))
    return Fix(
        id="permit",
        commands=(names.iam("put-role-policy", *wanted),),
        change=changes.permissions(names, name, policy),
    )


def _policy(statement: JsonObject) -> JsonObject:
    return {"Version": VERSION, "Statement": [statement]}
