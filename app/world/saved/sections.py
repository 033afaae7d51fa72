"""A world as named sections of JSON, each small, so that a change of the world writes few of them; and back.

A section's name is a path such as `object/pods/default/pod-after`, each part percent-encoded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from app.flow.model import Exchange, JsonValue
from app.world.apiserver.storage.stored import Stored
from app.world.apiserver.types.resources import RESOURCES
from app.world.aws.access_keys import AccessKey
from app.world.aws.account import Account, other_account_id
from app.world.aws.eks.cluster import Cluster
from app.world.aws.entities import (
    Bucket,
    InstanceProfile,
    OidcProvider,
    Policy,
    PublishedKeys,
    Role,
    StoredObject,
    User,
)
from app.world.clock import CLOCK_LIMIT
from app.world.saved.codec import StateError, decode, encode
from app.world.saved.records import AccountSettings, BucketSettings, KeptKubelet, KeptPod, Origin, Settings

if TYPE_CHECKING:
    from app.world.world import World

Sections = dict[str, JsonValue]

_ACCOUNT = re.compile("[0-9]{12}")
_UID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The folder of a Pod's files is named after its uid, and removed with it."""
BEFORE_FAULTS = "before_faults"
"""While a fault is in force: the section that contains all others as they were before the first fault."""
_TABLES: Mapping[str, tuple[type, Callable[[Account], dict[str, Any]]]] = {
    "oidc_providers": (OidcProvider, lambda account: account.oidc_providers),
    "roles": (Role, lambda account: account.roles),
    "instance_profiles": (InstanceProfile, lambda account: account.instance_profiles),
    "users": (User, lambda account: account.users),
    "policies": (Policy, lambda account: account.policies),
    "clusters": (Cluster, lambda account: account.clusters),
    "published_keys": (PublishedKeys, lambda account: account.published_keys),
    "user_access_keys": (AccessKey, lambda account: account.user_access_keys),
    "sessions": (AccessKey, lambda account: account.sessions),
}
"""What an account has many of, by key. Its buckets are apart: each object in them is a section."""
_EVENTS = "management_events"
"""CloudTrail's records, which are JSON, each a section."""


def name(*parts: str) -> str:
    """The name of a section."""
    return "/".join(quote(part, safe="") for part in parts)


# (1) Writing


def of_objects(world: World) -> Iterator[tuple[str, Stored]]:
    """The sections of the cluster's objects. What is stored is JSON text already."""
    for resource in RESOURCES:
        for stored in world.cluster.scan(resource):
            yield object_name(resource, stored), stored


def object_name(resource: str, stored: Stored) -> str:
    """The section of an object."""
    metadata = stored.object["metadata"]
    return name("object", resource, metadata.get("namespace") or "", metadata["name"])


def find_object(world: World, where: str) -> Stored | None:
    """The object of a section; None where there is none any more."""
    _, resource, namespace, wanted = (unquote(part) for part in where.split("/"))
    return world.cluster.find(resource, namespace, wanted)


def of_origin(world: World) -> Iterator[tuple[str, JsonValue]]:
    """The sections that stay as they are once a world is made."""
    origin = Origin(account_id=world.account_id, seeded=world.seeded, start=world.start, identity=world.identity)
    yield "origin", encode(Origin, origin)
    yield "setup", encode(list[Exchange], list(world.log.setup()))


def of_world(world: World) -> Iterator[tuple[str, JsonValue]]:
    """The sections that are no object of the cluster and may change."""
    yield "settings", encode(Settings, _settings(world))
    yield "version", world.cluster.changes.version
    for account in (world.account, world.other_account):
        yield from _of_account(account)
    kubelet, pods = world.kubelet.kept
    yield "kubelet", encode(KeptKubelet, kubelet)
    for uid, pod in pods.items():
        yield name("pod", uid), encode(KeptPod, pod)


def _settings(world: World) -> Settings:
    return Settings(
        chain=world.chain,
        chain_is_chosen=world.chain_is_chosen,
        clock_offset=world.clock.offset,
        webhook_settings=world.webhook_settings,
        issuer_published=world.issuer_published,
        webhook_delay=world.webhook_delay,
        faults=world.faults,
        node_egress_blocked=world.node_egress_blocked,
        node_clock_skew=world.node_clock_skew,
        closed=world.network.closed,
        private_ca=world.network.private_ca,
        keys=world.keys.published,
        acted=world.usage.acted,
        deeds=world.usage.deeds,
    )


def _of_account(account: Account) -> Iterator[tuple[str, JsonValue]]:
    settings = {field: getattr(account, field) for field in AccountSettings.__dataclass_fields__}
    yield name("account", account.account_id), encode(AccountSettings, AccountSettings(**settings))
    for table, (kind, entries) in _TABLES.items():
        for key, entry in entries(account).items():
            yield name("account", account.account_id, table, key), encode(kind, entry)
    for record in account.management_events:
        yield name("account", account.account_id, _EVENTS, record["eventID"]), encode(dict[str, Any], record)
    for bucket in account.buckets.values():
        where = ("account", account.account_id, "buckets", bucket.name)
        made = BucketSettings(name=bucket.name, region=bucket.region, created=bucket.created)
        yield name(*where), encode(BucketSettings, made)
        for key, stored in bucket.objects.items():
            yield name(*where, key), encode(StoredObject, stored)


# (2) Reading


@dataclass(frozen=True, kw_only=True)
class KeptWorld:
    """What was kept of a world, read."""

    origin: Origin
    settings: Settings
    version: int
    """The newest resource version."""
    setup: list[Exchange]
    objects: list[tuple[str, Stored]]
    """The cluster's, by resource, in the order of their versions."""
    accounts: dict[str, AccountSettings]
    tables: dict[tuple[str, str], dict[str, Any]]
    """What each account has many of, by its number and the table's name."""
    kubelet: KeptKubelet
    pods: dict[str, KeptPod]
    """By uid."""
    before_faults: KeptWorld | None
    sections: Sections


def read(sections: Sections) -> KeptWorld:
    """The world that all these sections describe. Raises `StateError`."""
    origin: Origin = _one(Origin, sections, "origin")
    if not _ACCOUNT.fullmatch(origin.account_id):
        raise StateError("origin.account_id", repr(origin.account_id)[:80], "12 digits")
    settings: Settings = _one(Settings, sections, "settings")
    if abs(settings.clock_offset) > CLOCK_LIMIT:
        raise StateError("settings.clock_offset", repr(settings.clock_offset), f"at most {CLOCK_LIMIT:.0f} seconds")
    ids = (origin.account_id, other_account_id(origin.account_id))
    objects: list[tuple[str, Stored]] = []
    pods: dict[str, KeptPod] = {}
    tables: dict[tuple[str, str], dict[str, Any]] = {
        (it, table): {} for it in ids for table in (*_TABLES, "buckets", _EVENTS)
    }
    before: KeptWorld | None = None
    for where, written in sections.items():
        match tuple(unquote(part) for part in where.split("/")):
            case ("origin" | "settings" | "version" | "setup" | "kubelet",):
                continue
            case (_,) if where == BEFORE_FAULTS and isinstance(written, dict):
                before = read(written)
            case ("account", account_id) if account_id in ids:
                continue
            case ("object", resource, _, _) if resource in RESOURCES:
                objects.append((resource, _stored(written, where)))
            case ("pod", uid) if _UID.fullmatch(uid):
                pods[uid] = decode(KeptPod, written, where)
            case ("account", account_id, "buckets", bucket) if account_id in ids:
                made: BucketSettings = decode(BucketSettings, written, where)
                tables[account_id, "buckets"][bucket] = Bucket(name=made.name, region=made.region, created=made.created)
            case ("account", account_id, "buckets", bucket, key) if bucket in tables.get((account_id, "buckets"), ()):
                tables[account_id, "buckets"][bucket].objects[key] = decode(StoredObject, written, where)
            case ("account", account_id, table, key) if account_id in ids and table == _EVENTS:
                tables[account_id, table][key] = decode(dict[str, Any], written, where)
            case ("account", account_id, table, key) if account_id in ids and table in _TABLES:
                tables[account_id, table][key] = decode(_TABLES[table][0], written, where)
            case _:
                raise StateError(where, "an unknown section", "a part of a world")
    return KeptWorld(
        origin=origin,
        settings=settings,
        version=_one(int, sections, "version"),
        setup=_one(list[Exchange], sections, "setup"),
        objects=sorted(objects, key=_version),
        accounts={it: _one(AccountSettings, sections, name("account", it)) for it in ids},
        tables=tables,
        kubelet=_one(KeptKubelet, sections, "kubelet"),
        pods=pods,
        before_faults=before,
        sections=sections,
    )


def load(world: World, kept: KeptWorld) -> None:
    """Makes a world of that origin what was kept, its Pods' files apart (`PodWorker.recover`)."""
    # (1) The world.
    settings = kept.settings
    for field in ("chain", "chain_is_chosen", "webhook_settings", "issuer_published", "webhook_delay", "faults"):
        setattr(world, field, getattr(settings, field))
    world.clock.offset = settings.clock_offset
    world.node_egress_blocked, world.node_clock_skew = settings.node_egress_blocked, settings.node_clock_skew
    world.network.closed, world.network.private_ca = settings.closed, settings.private_ca
    world.keys.published = settings.keys
    world.usage.acted, world.usage.deeds = settings.acted, settings.deeds
    world.log.recall_setup(kept.setup)

    # (2) Its accounts.
    for account in (world.account, world.other_account):
        own = kept.accounts[account.account_id]
        for field in AccountSettings.__dataclass_fields__:
            setattr(account, field, getattr(own, field))
        account.management_events.clear()
        account.management_events.extend(kept.tables[account.account_id, _EVENTS].values())
        for table, (_, entries) in _TABLES.items():
            entries(account).clear()
            entries(account).update(kept.tables[account.account_id, table])
        account.buckets = kept.tables[account.account_id, "buckets"]

    # (3) Its cluster and its node, neither of which is to act on what comes back.
    with world.controllers.looking_away(), world.kubelet.looking_away():
        world.cluster.load(kept.objects, kept.version)
        world.kubelet.recall(kept.kubelet, kept.pods)


def _one(declared: Any, sections: Sections, where: str) -> Any:
    if where not in sections:
        raise StateError(where, "nothing", "a section of that name")
    return decode(declared, sections[where], where)


def _stored(written: JsonValue, where: str) -> Stored:
    try:
        metadata = written["metadata"]
        int(metadata["resourceVersion"])
        if isinstance(metadata["name"], str) and _UID.fullmatch(metadata["uid"]):
            return Stored(json.dumps(written, separators=(",", ":"), allow_nan=False).encode())
    except (KeyError, TypeError, ValueError):
        pass
    raise StateError(where, "no stored object", "an object with its name, uid and resourceVersion")


def _version(entry: tuple[str, Stored]) -> int:
    return int(entry[1].object["metadata"]["resourceVersion"])
