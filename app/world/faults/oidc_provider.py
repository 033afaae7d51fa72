"""Faults of the trust record: the IAM OIDC provider, and the issuer that it stands for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.flow.model import JsonObject, Step
from app.flow.names import DEFAULT_AUDIENCE, host_and_path, role_in
from app.world.aws import iam
from app.world.faults import texts
from app.world.faults.fault import Fault, Whole
from app.world.lifecycle.world_operations import annotate_role, provider_arn, recreate, set_trust_policy, trust_policy

if TYPE_CHECKING:
    from app.world.world import World

OTHER_ROLE = "reports-reader"
"""The role in the other account."""
FORMER_ID = "EC973221A6C1BC248C79CFD5455EEECC"
"""The issuer's id of a cluster that was there before."""
_WRONG_THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
"""The one that was right for every EKS cluster for years."""


async def _missing(world: World) -> None:
    _delete(world)
    await recreate(world)


async def _of_the_former_cluster(world: World) -> None:
    """As after the cluster was recreated: provider and trust policy refer to the former issuer."""
    _replace(world, world.issuer.replace(world.issuer_id, FORMER_ID))
    set_trust_policy(world, former_trust_policy(world))
    await recreate(world)


def former_trust_policy(world: World) -> JsonObject:
    """The role's trust policy as it was for the cluster before."""
    policy: JsonObject = json.loads(json.dumps(trust_policy(world)).replace(world.issuer_id, FORMER_ID))
    return policy


async def _with_a_slash(world: World) -> None:
    _replace(world, f"{world.issuer}/")
    await recreate(world)


async def _mistyped_audience(world: World) -> None:
    arn = {"OpenIDConnectProviderArn": provider_arn(world)}
    iam.call(world.account, "RemoveClientIDFromOpenIDConnectProvider", {**arn, "ClientID": DEFAULT_AUDIENCE})
    iam.call(world.account, "AddClientIDToOpenIDConnectProvider", {**arn, "ClientID": "sts.amazon.com"})
    await recreate(world)


async def _keys_private(world: World) -> None:
    world.issuer_published = False
    world.account.published_keys.clear()
    await recreate(world)


async def _wrong_thumbprint(world: World) -> None:
    """Decides only where no public CA vouches for the issuer."""
    world.network.private_ca = True
    parameters = {"OpenIDConnectProviderArn": provider_arn(world), "ThumbprintList.member.1": _WRONG_THUMBPRINT}
    iam.call(world.account, "UpdateOpenIDConnectProviderThumbprint", parameters)
    await recreate(world)


async def _in_the_other_account_alone(world: World) -> None:
    """The role is in an account that has no provider for this issuer."""
    other = world.other_account.account_id
    policy = json.dumps(trust_policy(world)).replace(world.account_id, other)
    iam.call(world.other_account, "CreateRole", {"RoleName": OTHER_ROLE, "AssumeRolePolicyDocument": policy})
    await annotate_role(world, role_in(other, OTHER_ROLE))


def _delete(world: World) -> None:
    parameters = {"OpenIDConnectProviderArn": provider_arn(world)}
    iam.call(world.account, "DeleteOpenIDConnectProvider", parameters)


def _replace(world: World, url: str) -> None:
    """Deletes the provider and registers another one, all but its URL the same."""
    thumbprint = world.account.oidc_providers[host_and_path(world.issuer)].thumbprints[0]
    _delete(world)
    parameters = {"Url": url, "ClientIDList.member.1": DEFAULT_AUDIENCE, "ThumbprintList.member.1": thumbprint}
    iam.call(world.account, "CreateOpenIDConnectProvider", parameters)


def _no_key(world: World) -> str:
    return texts.refused_by_sts(
        "InvalidIdentityToken",
        "Couldn't retrieve verification key from your identity provider,  "
        "please reference AssumeRoleWithWebIdentity documentation for requirements",
    )


def _thumbprint_differs(world: World) -> str:
    text = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    return texts.refused_by_sts("InvalidIdentityToken", text)


FAULTS = (
    Fault(
        id="F14", number=14, step=Step.OIDC_PROVIDER, seen=Step.STS_ASSUME, changes="oidc_provider",
        text=texts.no_provider, cause_it=_missing, writes=(Whole.PROVIDER,),
    ),
    Fault(
        id="F15", number=15, step=Step.OIDC_PROVIDER, seen=Step.STS_ASSUME, changes="oidc_provider",
        text=texts.no_provider, cause_it=_of_the_former_cluster, writes=(Whole.PROVIDER, Whole.TRUST_POLICY,),
    ),
    Fault(
        id="F16", number=16, step=Step.OIDC_PROVIDER, seen=Step.STS_ASSUME, changes="oidc_provider",
        text=texts.no_provider, cause_it=_with_a_slash, writes=(Whole.PROVIDER,),
    ),
    Fault(
        id="F26", number=26, step=Step.OIDC_PROVIDER, seen=Step.STS_ASSUME, changes="oidc_provider",
        text=texts.wrong_audience, cause_it=_mistyped_audience,
    ),
    Fault(
        id="F42", number=42, step=Step.OIDC_PROVIDER, seen=Step.STS_ASSUME, changes="cluster",
        text=_no_key, cause_it=_keys_private,
    ),
    Fault(
        id="F43", number=43, step=Step.OIDC_PROVIDER, seen=Step.STS_ASSUME, changes="oidc_provider",
        text=_thumbprint_differs, cause_it=_wrong_thumbprint,
    ),
    Fault(
        id="F48", number=48, step=Step.OIDC_PROVIDER, seen=Step.STS_ASSUME, changes="service_account",
        text=texts.no_provider, cause_it=_in_the_other_account_alone, writes=(Whole.ROLE_ARN,),
    ),
)  # fmt: skip
