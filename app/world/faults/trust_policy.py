"""Faults of the role's trust policy, and of what stands above it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.flow.model import Chain, JsonObject, Step
from app.flow.names import SUBJECT_PREFIX, host_and_path
from app.world.faults import texts
from app.world.faults.fault import Fault, Whole
from app.world.faults.oidc_provider import former_trust_policy
from app.world.lifecycle.world_operations import provider_arn, recreate, set_trust_policy, trust_policy
from app.world.setup.roles import NODE_TRUST, trust_policy_without_subject

if TYPE_CHECKING:
    from app.world.world import World


def other_namespace(chain: Chain) -> str:
    """The namespace that the trust policy asks for by mistake."""
    return "staging" if chain.namespace == "production" else "production"


def _wrong_namespace(world: World) -> JsonObject:
    return _for_subject(world, f"{SUBJECT_PREFIX}{other_namespace(world.chain)}:{world.chain.service_account}")


def _wrong_case(world: World) -> JsonObject:
    name = world.chain.service_account
    if name.upper() == name:
        raise LookupError(f'"{name}" has no letter')
    return _for_subject(world, f"{SUBJECT_PREFIX}{world.chain.namespace}:{name.upper()}")


def _wildcard_without_like(world: World) -> JsonObject:
    return _for_subject(world, f"{SUBJECT_PREFIX}{world.chain.namespace}:*")


def _for_subject(world: World, subject: str) -> JsonObject:
    policy = trust_policy(world)
    policy["Statement"][0]["Condition"]["StringEquals"][f"{host_and_path(world.issuer)}:sub"] = subject
    return policy


def _key_with_an_arn(world: World) -> JsonObject:
    """The provider's ARN where the keys want the issuer's host and path."""
    policy = trust_policy(world)
    conditions = policy["Statement"][0]["Condition"]
    conditions["StringEquals"] = {
        key.replace(host_and_path(world.issuer), provider_arn(world)): value
        for key, value in conditions["StringEquals"].items()
    }
    return policy


def _other_action(world: World) -> JsonObject:
    """The action by which an identity of AWS assumes a role, and no token does."""
    policy = trust_policy(world)
    policy["Statement"][0]["Action"] = "sts:AssumeRole"
    return policy


def _denied_by_a_statement(world: World) -> JsonObject:
    """A `Deny` for all but one namespace, beside the statement that allows this ServiceAccount."""
    policy = trust_policy(world)
    allowed = f"{SUBJECT_PREFIX}{other_namespace(world.chain)}:*"
    condition = {"StringNotLike": {f"{host_and_path(world.issuer)}:sub": allowed}}
    policy["Statement"].append({**policy["Statement"][0], "Effect": "Deny", "Condition": condition})
    return policy


def _stored(policy_of: Callable[[World], JsonObject]) -> Callable[[World], Awaitable[None]]:
    """Writes the policy into IAM. The Pod asks STS again. That needs no new Pod, but its log does."""

    async def cause_it(world: World) -> None:
        set_trust_policy(world, policy_of(world))
        await recreate(world)

    return cause_it


async def _denied_by_the_organization(world: World) -> None:
    """A resource control policy that was written with GitHub's tokens in mind: `IfExists` holds for all others too."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Resource": "*",
        "Condition": {"StringNotLikeIfExists": {"token.actions.githubusercontent.com:sub": "repo:example-org/*"}},
    }
    world.account.resource_control_policies.append(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    await recreate(world)


def _trust_fault(number: int, letter: str, policy_of: Callable[[World], JsonObject]) -> Fault:
    return Fault(
        id=f"F{number}{letter}", number=number, step=Step.SERVICE_ACCOUNT, seen=Step.STS_ASSUME,
        changes="trust_policy", text=texts.not_authorized, cause_it=_stored(policy_of),
        writes=(Whole.TRUST_POLICY,),
    )  # fmt: skip


FAULTS = (
    _trust_fault(15, "b", former_trust_policy),
    _trust_fault(21, "", _wrong_namespace),
    _trust_fault(22, "", _wrong_case),
    _trust_fault(23, "", _wildcard_without_like),
    _trust_fault(24, "", _key_with_an_arn),
    _trust_fault(25, "", lambda _: NODE_TRUST),
    Fault(
        id="F44", number=44, step=Step.SERVICE_ACCOUNT, seen=Step.STS_ASSUME, changes="organization",
        text=texts.not_authorized, cause_it=_denied_by_the_organization,
    ),
    Fault(
        id="F52", number=52, step=Step.SERVICE_ACCOUNT, seen=None, changes="trust_policy",
        text=texts.nothing, cause_it=_stored(trust_policy_without_subject), harmless=True, writes=(Whole.TRUST_POLICY,),
    ),
    _trust_fault(53, "", _other_action),
    _trust_fault(54, "", _denied_by_a_statement),
)  # fmt: skip
