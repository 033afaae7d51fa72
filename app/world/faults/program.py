"""Faults of the program in the Pod: whose credentials it takes, and what it asks STS for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject, Step
from app.flow.names import TOKEN_PATH, role_in
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.aws import iam
from app.world.faults import texts
from app.world.faults.fault import Fault, Whole
from app.world.lifecycle.world_operations import (
    calls_sts,
    container_of,
    recreate,
    role_arn,
    set_variables,
    with_manifest,
)
from app.world.setup.roles import create_role

if TYPE_CHECKING:
    from app.world.world import World

PROFILE = "ec2"
"""A profile from the time on EC2, which names no credentials: the instance's are what is left."""
NEXT_ROLE = "data-reader"
"""The role that the program goes on to."""
USER = "ci"
"""Somebody with long-lived keys, and with no permission at all."""
OLD_IMAGE = "registry.example.com/tools/aws-cli:1.16.100"
"""A release of 2019, half a year older than IRSA."""


async def _static_keys(world: World) -> None:
    """Keys of a user, left behind from the time before IRSA."""
    iam.call(world.account, "CreateUser", {"UserName": USER})
    key = iam.call(world.account, "CreateAccessKey", {"UserName": USER})["AccessKey"]
    given = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    await recreate(world, lambda pod: set_variables(pod, **given))


def _old_release(world: World, pod: JsonObject) -> None:
    container_of(pod)["image"] = OLD_IMAGE


async def _profile_of_the_node(world: World) -> None:
    """A program that names a profile itself takes nothing from the environment, the token's variables included."""
    data = {"config": f"[profile {PROFILE}]\nregion = {world.region}\n"}
    configuration = {"metadata": {"name": PROFILE}, "data": data}
    await operations.create(world, ADMIN, "configmaps", world.chain.namespace, configuration)
    await recreate(world, _naming_the_profile)


def _naming_the_profile(pod: JsonObject) -> None:
    set_variables(pod, AWS_CONFIG_FILE="/etc/aws/config")
    container = container_of(pod)
    container.setdefault("volumeMounts", []).append({"name": "aws-config", "mountPath": "/etc/aws"})
    container["args"] = [*container["args"], "--profile", PROFILE]
    pod["spec"].setdefault("volumes", []).append({"name": "aws-config", "configMap": {"name": PROFILE}})


def _path_as_token(world: World, pod: JsonObject) -> None:
    container_of(pod)["args"] = calls_sts(role_arn(world), TOKEN_PATH)


def _longer_than_allowed(world: World, pod: JsonObject) -> None:
    token = f"file://{TOKEN_PATH}"
    container_of(pod)["args"] = calls_sts(role_arn(world), token, "--duration-seconds", "7200")


async def _next_role(world: World) -> None:
    """The next role leaves it to its account who may assume it, and no policy permits this role to."""
    trusted = {"Effect": "Allow", "Principal": {"AWS": world.account_id}, "Action": "sts:AssumeRole"}
    create_role(world, NEXT_ROLE, {"Version": "2012-10-17", "Statement": [trusted]})
    command = ["sts", "assume-role", "--role-arn", _next_arn(world), "--role-session-name", "my-app"]
    await recreate(world, lambda pod: container_of(pod).update(args=command))


def _next_arn(world: World) -> str:
    return role_in(world.account_id, NEXT_ROLE)


def _as_the_user(world: World) -> str:
    return texts.may_not_list(f"arn:aws:iam::{world.account_id}:user/{USER}")


def _may_not_assume(world: World) -> str:
    user = texts.session_of(world, world.chain.role, texts.session_name(world))
    return (
        "An error occurred (AccessDenied) when calling the AssumeRole operation: "
        f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {_next_arn(world)}"
    )


def _too_long(world: World) -> str:
    text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    return texts.refused_by_sts("ValidationError", text)


FAULTS = (
    Fault(
        id="F10", number=10, step=Step.WEBHOOK, seen=Step.ACCESS, changes="pod",
        text=_as_the_user, cause_it=_static_keys,
    ),
    Fault(
        id="F11", number=11, step=Step.STS_ASSUME, seen=Step.ACCESS, changes="pod",
        text=texts.old_release, cause_it=with_manifest(_old_release),
    ),
    Fault(
        id="F13", number=13, step=Step.STS_ASSUME, seen=Step.ACCESS, changes="pod",
        text=texts.without_irsa, cause_it=_profile_of_the_node, writes=(Whole.ARGUMENTS,),
    ),
    Fault(
        id="F29", number=29, step=Step.STS_ASSUME, seen=Step.STS_ASSUME, changes="pod",
        text=texts.no_jwt, cause_it=with_manifest(_path_as_token), writes=(Whole.ARGUMENTS,),
    ),
    Fault(
        id="F49", number=49, step=Step.ACCESS, seen=Step.ACCESS, changes="pod",
        text=_may_not_assume, cause_it=_next_role, writes=(Whole.ARGUMENTS,),
    ),
    Fault(
        id="F50", number=50, step=Step.STS_ASSUME, seen=Step.STS_ASSUME, changes="pod",
        text=_too_long, cause_it=with_manifest(_longer_than_allowed), writes=(Whole.ARGUMENTS,),
    ),
)  # fmt: skip
