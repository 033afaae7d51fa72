"""The account's objects: the role's trust, the role's permissions, the provider. All by IAM's own actions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.names import host_and_path
from app.world.aws import iam
from app.world.edits.edited_json import member, only, same_name, texts
from app.world.edits.refusal import EditRefused

if TYPE_CHECKING:
    from app.world.world import World

_ROLE = ("RoleName", "MaxSessionDuration", "AttachedPolicies", "InlinePolicies")
_PROVIDER = ("Url", "ClientIDList", "ThumbprintList")


def trust_policy(world: World) -> JsonObject | None:
    """The role's trust policy."""
    role = world.account.roles.get(world.chain.role)
    return None if role is None else json.loads(role.trust_policy)


async def write_trust_policy(world: World, document: JsonObject, typed: str) -> None:
    """UpdateAssumeRolePolicy with the text as it was typed; CreateRole where there is no role."""
    name, path = world.chain.role, world.chain.role_path
    if name in world.account.roles:
        _call(world, "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=typed)
    else:
        _call(world, "CreateRole", RoleName=name, Path=path, AssumeRolePolicyDocument=typed)


def role(world: World) -> JsonObject | None:
    """The role's permissions, and how long its sessions may be."""
    role = world.account.roles.get(world.chain.role)
    if role is None:
        return None
    # Those that there are now: a page shows them in a thread of its own, while IAM may take another one.
    inline = {name: json.loads(document) for name, document in list(role.inline_policies.items())}
    return dict(zip(_ROLE, (role.name, role.max_session_duration, list(role.attached), inline), strict=True))


async def write_role(world: World, document: JsonObject, typed: str) -> None:
    """UpdateRole, and the actions that attach, detach, write and delete policies. Raises `EditRefused` and
    `AwsError`."""
    own = world.chain.role
    role = world.account.roles.get(own)
    if role is None:
        raise EditRefused("no_role", expected=own)
    only(document, "", *_ROLE)
    same_name(member(document, "", "RoleName", str), own, "RoleName")
    seconds = member(document, "", "MaxSessionDuration", int)
    attached = texts(document, "AttachedPolicies")
    inline = member(document, "", "InlinePolicies", dict)
    for name in inline:
        member(inline, "InlinePolicies", name, dict)
    _call(world, "UpdateRole", RoleName=own, MaxSessionDuration=str(seconds))
    # First what goes, because it makes room for what comes.
    for arn in set(role.attached) - set(attached):
        _call(world, "DetachRolePolicy", RoleName=own, PolicyArn=arn)
    for name in role.inline_policies.keys() - inline.keys():
        _call(world, "DeleteRolePolicy", RoleName=own, PolicyName=name)
    for arn in attached:
        _call(world, "AttachRolePolicy", RoleName=own, PolicyArn=arn)
    for name, policy in inline.items():
        if name not in role.inline_policies or json.loads(role.inline_policies[name]) != policy:
            _call(world, "PutRolePolicy", RoleName=own, PolicyName=name, PolicyDocument=json.dumps(policy))


def provider(world: World) -> JsonObject | None:
    """The provider of the cluster's issuer, its URL as IAM shows it: without `https://`."""
    host = host_and_path(world.issuer)
    found = world.account.oidc_providers.get(host)
    if found is None:
        return None
    return dict(zip(_PROVIDER, (host, list(found.client_ids), list(found.thumbprints)), strict=True))


async def write_provider(world: World, document: JsonObject, typed: str) -> None:
    """The actions that add and remove audiences and replace the thumbprints; CreateOpenIDConnectProvider."""
    only(document, "", *_PROVIDER)
    host = host_and_path(member(document, "", "Url", str))
    audiences = texts(document, "ClientIDList")
    found = world.account.oidc_providers.get(host_and_path(world.issuer))
    if found is None and "ThumbprintList" not in document:  # IAM then looks for itself
        document = {**document, "ThumbprintList": []}
    thumbprints = _members("ThumbprintList", texts(document, "ThumbprintList"))
    if found is None:
        wanted = _members("ClientIDList", audiences) | thumbprints
        _call(world, "CreateOpenIDConnectProvider", Url=f"https://{host}", **wanted)
        return
    same_name(host, host_and_path(world.issuer), "Url")
    arn = found.arn
    for audience in set(found.client_ids) - set(audiences):
        _call(world, "RemoveClientIDFromOpenIDConnectProvider", OpenIDConnectProviderArn=arn, ClientID=audience)
    for audience in audiences:
        _call(world, "AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=arn, ClientID=audience)
    if thumbprints != _members("ThumbprintList", found.thumbprints):
        _call(world, "UpdateOpenIDConnectProviderThumbprint", OpenIDConnectProviderArn=arn, **thumbprints)


def _members(name: str, items: list[str]) -> dict[str, str]:
    """A list as the query protocol writes it."""
    return {f"{name}.member.{number}": item for number, item in enumerate(items, 1)}


def _call(world: World, action: str, **parameters: str) -> None:
    iam.call(world.account, action, parameters)
