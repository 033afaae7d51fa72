"""Faults of step 4: the token does not come, is not whole, or is not renewed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from app.flow.model import JsonObject, Step
from app.flow.names import TOKEN_PATH
from app.flow.webhook import VOLUME
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.apiserver.types.resources import RESOURCES
from app.world.faults import texts
from app.world.faults.fault import Fault, Whole
from app.world.lifecycle.advance_clock import move_clock
from app.world.lifecycle.world_operations import (
    calls_sts,
    container_of,
    delete,
    pod_of,
    recreate,
    role_arn,
    service_account_of,
    settle,
    submit,
)
from app.world.node.pod_status import BACK_OFF_SECONDS

if TYPE_CHECKING:
    from app.world.world import World

SECRET = "my-app-token"
_DAY = 86_400.0
_GRACE = 300.0
"""Seconds for which STS takes a token beyond its end."""


async def _no_token_request(world: World) -> None:
    """The API server does not answer the kubelet's TokenRequest."""
    _close_token_request(world)
    await recreate(world)


async def _service_account_deleted(world: World) -> None:
    """Deletes the ServiceAccount between the Pod's admission and the kubelet's TokenRequest."""
    await submit(world)
    await delete(world, "serviceaccounts", *service_account_of(world))
    await settle(world)


async def _not_renewed(world: World) -> None:
    """The kubelet no longer reaches the API server, while the Pod goes on asking STS with the token that it has."""
    await recreate(world, _restarted)
    _close_token_request(world)
    await move_clock(world, _DAY + 2 * _GRACE)


async def _cut_off(world: World) -> None:
    """Half the token is left in the file, and the program runs again before the kubelet looks at the volume."""
    await recreate(world, _restarted)
    pod = world.cluster.get("pods", *pod_of(world))
    file = world.kubelet.volume(pod, VOLUME) / "token"
    token = file.read_bytes()
    file.write_bytes(token[: len(token) // 2])
    world.clock.move(BACK_OFF_SECONDS + 1)
    await world.kubelet.restart_containers()


async def _token_kept(world: World) -> None:
    """The token as the Pod's file holds it now is put into a variable, and the program never looks at the file again.

    It goes by a Secret: no token is to be read in a Pod's manifest.
    """
    pod = world.cluster.get("pods", *pod_of(world))
    token = await world.kubelet.execute(pod, container_of(pod)["name"], ["cat", TOKEN_PATH])
    if token.exit_code:
        raise LookupError(token.stderr.strip())
    secret = {"metadata": {"name": SECRET}, "stringData": {"token": token.stdout}}
    await operations.create(world, ADMIN, "secrets", world.chain.namespace, secret)
    await recreate(world, lambda pod: _with_kept_token(world, pod))
    await move_clock(world, _DAY + 2 * _GRACE)


def _with_kept_token(world: World, pod: JsonObject) -> None:
    _restarted(pod)
    container = container_of(pod)
    kept = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": SECRET, "key": "token"}}}
    container["env"] = [*container.get("env", []), kept]
    container["args"] = calls_sts(role_arn(world), "$(TOKEN)")


def _restarted(pod: JsonObject) -> None:
    pod["spec"]["restartPolicy"] = "Always"


def _close_token_request(world: World) -> None:
    world.network.closed.add(f"/k8s/{world.path}{_token_request(world)}")


def _token_request(world: World) -> str:
    namespace, name = service_account_of(world)
    return f"{RESOURCES['serviceaccounts'].path(namespace, name)}/token"


def _connection_refused(world: World) -> str:
    address = world.api_url.removeprefix("https://").partition("/")[0]
    return _not_mounted(
        f'Post "{world.api_url}{_token_request(world)}": dial tcp {address}: connect: connection refused'
    )


def _not_mounted(reason: str) -> str:
    return f'MountVolume.SetUp failed for volume "{VOLUME}" : failed to fetch token: {reason}'


def _expired(world: World) -> str:
    """The seconds are those that STS compared last: only STS knows its clock and the token's end."""
    now = int(world.clock.now())
    times = (str(now), str(now - int(2 * _GRACE)))
    for exchange in world.log.exchanges():
        if exchange.callee == "sts" and (match := _TIMES.search(exchange.response_body)):
            times = (match[1], match[2])
    return texts.refused_by_sts(
        "ExpiredTokenException",
        f"Token expired: current date/time {times[0]} must be before the expiration date/time {times[1]}",
    )


_TIMES = re.compile(r"current date/time ([0-9]+) must be before the expiration date/time ([0-9]+)")

FAULTS = (
    Fault(
        id="F30", number=30, step=Step.TOKEN_MOUNT, seen=Step.STS_ASSUME, changes="node",
        text=texts.no_jwt, cause_it=_cut_off, writes=(Whole.RUNNING_POD,),
    ),
    Fault(
        id="F31", number=31, step=Step.TOKEN_MOUNT, seen=Step.STS_ASSUME, changes="pod",
        text=_expired, cause_it=_token_kept, writes=(Whole.ARGUMENTS,),
    ),
    Fault(
        id="F32", number=32, step=Step.TOKEN_MOUNT, seen=Step.STS_ASSUME, changes="node",
        text=_expired, cause_it=_not_renewed, writes=(Whole.RUNNING_POD,),
    ),
    Fault(
        id="F35", number=35, step=Step.TOKEN_MOUNT, seen=Step.TOKEN_MOUNT, changes="network",
        text=_connection_refused, cause_it=_no_token_request,
    ),
    Fault(
        id="F35b", number=35, step=Step.SERVICE_ACCOUNT, seen=Step.TOKEN_MOUNT, changes="service_account",
        text=lambda world: _not_mounted(f'serviceaccounts "{world.chain.service_account}" not found'),
        cause_it=_service_account_deleted, writes=(Whole.RUNNING_POD,),
    ),
)  # fmt: skip
