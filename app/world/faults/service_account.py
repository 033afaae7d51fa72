"""Faults of the ServiceAccount: its annotations, which are all that ties it to a role."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from app.flow.annotations import AUDIENCE, ROLE_ARN
from app.flow.model import Chain, Step
from app.world.aws import iam
from app.world.faults import texts
from app.world.faults.fault import Fault, Whole
from app.world.lifecycle.world_operations import (
    annotate,
    annotate_role,
    provider_arn,
    recreate,
    remove_permissions,
    role_arn,
)

if TYPE_CHECKING:
    from app.world.world import World

OWN_AUDIENCE = "my-app"


async def _not_annotated(world: World) -> None:
    await annotate(world, {ROLE_ARN: None})
    await recreate(world)


async def _mistyped_key(world: World) -> None:
    await annotate(world, {ROLE_ARN: None, "eks.amazonaws.com/rolearn": role_arn(world)})
    await recreate(world)


async def _mistyped_account(world: World) -> None:
    """The last digit: an account that does not exist, neither of this world's two."""
    wrong = world.account_id[:-1] + str((int(world.account_id[-1]) + 5) % 10)
    await annotate_role(world, role_arn(world).replace(f"::{world.account_id}:", f"::{wrong}:"))


async def _mistyped_role(world: World) -> None:
    await annotate_role(world, role_arn(world).removesuffix(world.chain.role) + mistyped(world.chain.role))


def mistyped(name: str) -> str:
    """The name with two letters exchanged, from its middle on: `s3-raeder` for `s3-reader`."""
    for place in range(len(name) // 2, len(name) - 1):
        if name[place] != name[place + 1]:
            return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    return name[:-1] or name * 2


def new_path(chain: Chain) -> str:
    """Where the role is afterwards."""
    return f"/team{chain.role_path}"


async def _path_omitted(world: World) -> None:
    """The role is recreated under another path, which is part of its ARN; the annotation is not adapted."""
    role = {"RoleName": world.chain.role}
    trust = unquote(iam.call(world.account, "GetRole", role)["Role"]["AssumeRolePolicyDocument"])
    permissions = remove_permissions(world)
    iam.call(world.account, "DeleteRole", role)
    iam.call(world.account, "CreateRole", {**role, "Path": new_path(world.chain), "AssumeRolePolicyDocument": trust})
    for action, parameters in permissions:
        iam.call(world.account, action, parameters)
    await recreate(world)


async def _arn_of_a_policy(world: World) -> None:
    await annotate_role(world, role_arn(world).replace(":role/", ":policy/"))


async def _bare_name(world: World) -> None:
    await annotate_role(world, world.chain.role)


async def _own_audience(world: World) -> None:
    await annotate(world, {AUDIENCE: OWN_AUDIENCE})
    await recreate(world)


async def _own_audience_at_the_provider(world: World) -> None:
    """The provider takes the audience, the trust policy still asks for the other one."""
    parameters = {"OpenIDConnectProviderArn": provider_arn(world), "ClientID": OWN_AUDIENCE}
    iam.call(world.account, "AddClientIDToOpenIDConnectProvider", parameters)
    await _own_audience(world)


def _invalid_arn(world: World) -> str:
    return texts.refused_by_sts("ValidationError", "Request ARN is invalid")


def _bare_name_refused(world: World) -> str:
    """botocore refuses what is shorter than any ARN; what is longer gets as far as STS."""
    if len(world.chain.role) >= _SHORTEST_ARN:
        return _invalid_arn(world)
    return (
        "An error occurred (ParamValidation): Parameter validation failed:\n"
        f"Invalid length for parameter RoleArn, value: {len(world.chain.role)}, valid min length: {_SHORTEST_ARN}"
    )


_SHORTEST_ARN = 20
"""Characters, by botocore's model of STS."""


FAULTS = (
    Fault(
        id="F01", number=1, step=Step.SERVICE_ACCOUNT, seen=Step.ACCESS, changes="service_account",
        text=texts.without_irsa, cause_it=_not_annotated, writes=(Whole.ROLE_ARN,),
    ),
    Fault(
        id="F02", number=2, step=Step.SERVICE_ACCOUNT, seen=Step.ACCESS, changes="service_account",
        text=texts.without_irsa, cause_it=_mistyped_key, writes=(Whole.ROLE_ARN,),
    ),
    Fault(
        id="F17", number=17, step=Step.SERVICE_ACCOUNT, seen=Step.STS_ASSUME, changes="service_account",
        text=texts.no_provider, cause_it=_mistyped_account, writes=(Whole.ROLE_ARN,),
    ),
    Fault(
        id="F18", number=18, step=Step.SERVICE_ACCOUNT, seen=Step.STS_ASSUME, changes="service_account",
        text=texts.not_authorized, cause_it=_mistyped_role, writes=(Whole.ROLE_ARN,),
    ),
    Fault(
        id="F18b", number=18, step=Step.SERVICE_ACCOUNT, seen=Step.STS_ASSUME, changes="role",
        text=texts.not_authorized, cause_it=_path_omitted,
    ),
    Fault(
        id="F19", number=19, step=Step.SERVICE_ACCOUNT, seen=Step.STS_ASSUME, changes="service_account",
        text=_invalid_arn, cause_it=_arn_of_a_policy, writes=(Whole.ROLE_ARN,),
    ),
    Fault(
        id="F20", number=20, step=Step.SERVICE_ACCOUNT, seen=Step.STS_ASSUME, changes="service_account",
        text=_bare_name_refused, cause_it=_bare_name, writes=(Whole.ROLE_ARN,),
    ),
    Fault(
        id="F27", number=27, step=Step.SERVICE_ACCOUNT, seen=Step.STS_ASSUME, changes="service_account",
        text=texts.wrong_audience, cause_it=_own_audience, writes=(Whole.AUDIENCE,),
    ),
    Fault(
        id="F27b", number=27, step=Step.SERVICE_ACCOUNT, seen=Step.STS_ASSUME, changes="service_account",
        text=texts.not_authorized, cause_it=_own_audience_at_the_provider, writes=(Whole.AUDIENCE,),
    ),
)  # fmt: skip
