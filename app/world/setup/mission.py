"""Brings a world to where a mission starts: by its administrator's requests to its servers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from app.flow.json_access import get_str
from app.flow.missions.mission import Names
from app.flow.missions.steps import Apply, CallIam, Delete, MakeBucket, Request, TakeSession, requests
from app.flow.model import JsonObject
from app.flow.names import host_and_path
from app.flow.ports import Credentials
from app.world.apiserver.types.resources import RESOURCES, Resource
from app.world.aws.entities import Bucket
from app.world.aws.times import iso
from app.world.setup.developer import PODS_SECONDS, Developer, SetupRefused

if TYPE_CHECKING:
    from app.world.world import World

_CREDENTIALS = re.compile(r"<(AccessKeyId|SecretAccessKey|SessionToken|Expiration)>([^<]+)<")


def names(world: World) -> Names:
    """What the placeholders of a mission stand for in this world."""
    return Names(
        account=world.account_id,
        other_account=world.other_account.account_id,
        issuer=world.issuer,
        issuer_host=host_and_path(world.issuer),
        node_role=world.node_role_name,
        cluster=world.cluster_name,
        now=iso(world.clock.now()),
    )


async def carry_out(world: World, steps: Sequence[JsonObject]) -> Mapping[str, Credentials]:
    """Sends what the steps stand for, waits for the Pods, and returns the sessions that were taken, by their names.

    Raises `SetupRefused` and `NetworkError`; what came before stays.
    """
    developer, sessions = Developer(world), dict[str, Credentials]()
    with world.log.setting_up():
        for step in steps:
            for request in requests(step, names(world)):
                sessions |= await _send(world, developer, request)
        await world.kubelet.settle(PODS_SECONDS)
    return sessions


async def _send(world: World, developer: Developer, request: Request) -> Mapping[str, Credentials]:
    match request:
        case Apply(manifest=manifest):
            await _apply(world, developer, manifest)
        case Delete(manifest=manifest):
            await developer.ask("DELETE", _path(manifest, get_str(manifest, "metadata", "name")))
            await world.kubelet.settle(PODS_SECONDS)
        case CallIam(action=action, parameters=parameters, other=other):
            await developer.iam(action, parameters, other=other)
        case MakeBucket(name=name, other=other):
            account = world.other_account if other else world.account
            account.buckets[name] = Bucket(name=name, region=world.region, created=world.clock.now())
        case TakeSession():
            return {request.name: await _session(developer, request)}
    return {}


async def _apply(world: World, developer: Developer, manifest: JsonObject) -> None:
    kind, name = _kind(manifest), get_str(manifest, "metadata", "name")
    namespace = get_str(manifest, "metadata", "namespace") if kind.namespaced else ""
    if world.cluster.find(kind.plural, namespace, name) is None:
        await developer.ask("POST", _path(manifest), manifest)
    else:
        await developer.ask("PATCH", _path(manifest, name), manifest)


async def _session(developer: Developer, request: TakeSession) -> Credentials:
    answer = await developer.assume_role(
        request.role_arn, request.name, namespace=request.namespace, service_account=request.service_account
    )
    found = dict(_CREDENTIALS.findall(answer))
    return Credentials(
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
        expiration=found["Expiration"],
    )


def _path(manifest: JsonObject, name: str = "") -> str:
    """The path of the list that the object is in; with a name, the path of the object."""
    kind = _kind(manifest)
    namespace = get_str(manifest, "metadata", "namespace") or "default"
    return kind.path(namespace if kind.namespaced else "", name)


def _kind(manifest: JsonObject) -> Resource:
    wanted = (get_str(manifest, "apiVersion"), get_str(manifest, "kind"))
    found = next((it for it in RESOURCES.values() if (it.api_version, it.kind) == wanted), None)
    if found is None:
        raise SetupRefused(f"no matches for kind {wanted[1]!r} in version {wanted[0]!r}")
    return found
