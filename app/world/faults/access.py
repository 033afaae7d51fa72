"""Faults of step 6: the Pod has its role, and the role may not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.flow.model import JsonObject, Step
from app.world.aws import iam
from app.world.aws.organization import policy_arn
from app.world.faults import texts
from app.world.faults.fault import Fault, Whole
from app.world.lifecycle.world_operations import recreate, remove_permissions

if TYPE_CHECKING:
    from app.world.world import World


async def _denied_by_the_organization(world: World) -> None:
    """A service control policy that confines S3 to one region, which is not this one."""
    world.account.service_control_policies.append(_ONE_REGION)
    await recreate(world)


async def _no_permission(world: World) -> None:
    remove_permissions(world)
    await recreate(world)


async def _listing_of_one_bucket(world: World) -> None:
    """`s3:ListBucket` lists a bucket's objects; the buckets themselves take `s3:ListAllMyBuckets`."""
    remove_permissions(world)
    bucket = f"arn:aws:s3:::{next(iter(world.account.buckets))}"
    document = _document({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket})
    parameters = {"RoleName": world.chain.role, "PolicyName": "list", "PolicyDocument": document}
    iam.call(world.account, "PutRolePolicy", parameters)
    await recreate(world)


def _document(statement: JsonObject) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _denied(world: World) -> str:
    user = texts.session_of(world, world.chain.role, texts.session_name(world))
    policy = policy_arn(world.account, "service", _ONE_REGION)
    return texts.may_not_list(user, f"with an explicit deny in a service control policy: {policy}")


_ELSEWHERE = {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}
_ONE_REGION = _document({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": _ELSEWHERE})


FAULTS = (
    Fault(
        id="F45", number=45, step=Step.ACCESS, seen=Step.ACCESS, changes="organization",
        text=_denied, cause_it=_denied_by_the_organization,
    ),
    Fault(
        id="F46", number=46, step=Step.ACCESS, seen=Step.ACCESS, changes="role",
        text=texts.as_the_role, cause_it=_no_permission, writes=(Whole.PERMISSIONS,),
    ),
    Fault(
        id="F47", number=47, step=Step.ACCESS, seen=Step.ACCESS, changes="role",
        text=texts.as_the_role, cause_it=_listing_of_one_bucket, writes=(Whole.PERMISSIONS,),
    ),
)  # fmt: skip
