"""Deployments: a ReplicaSet for each of their templates, and the way from the last one to the new one.

Source: `pkg/controller/deployment/{sync,rolling,recreate,progress}.go`. The hash in a ReplicaSet's name is made from
the template as there (FNV-1a, 32 bits, `SafeEncodeString`), but from a digest of its JSON and not from Go's own form of
it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.controllers import rollout
from app.world.apiserver.controllers.owned import Writer, counts, owned, put_status, to_look_after
from app.world.apiserver.types.names import GENERATED_ALPHABET

if TYPE_CHECKING:
    from app.world.world import World

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAXIMUM = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = frozenset({"kubectl.kubernetes.io/last-applied-configuration", REVISION, _DESIRED, _MAXIMUM})


def template_hash(template: JsonObject) -> str:
    """The value of `pod-template-hash`."""
    value = 0x811C9DC5
    for byte in hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest():
        value = (value ^ byte) * 0x01000193 % 2**32
    return "".join(GENERATED_ALPHABET[ord(digit) % len(GENERATED_ALPHABET)] for digit in str(value))


async def sync(world: World, namespace: str, name: str) -> None:
    """Takes one step of a Deployment. Raises `ApiError`."""
    body, writer = to_look_after(world, "deployments", namespace, name), Writer(world, "deployment-controller")
    if body is None:
        return
    all_sets = owned(world, "replicasets", body)
    template = _template_of(body)
    new = next((each for each in all_sets if _template_of(each) == template), None)
    if body["spec"].get("paused"):
        rollout.scale_paused(world, writer, body, new, all_sets)
    else:
        new = await _new_replica_set(world, writer, body, new, all_sets)
        stored = world.cluster.find("deployments", namespace, name)
        if stored is None:
            return  # deleted meanwhile
        body = stored.copy()
        all_sets = owned(world, "replicasets", body)
        await rollout.advance(world, writer, body, new, all_sets)
        await _forget_old(world, writer, body, new)
    put_status(world, "deployments", body, _status(world, body, new))


def _template_of(body: JsonObject) -> JsonObject:
    """The template of a ReplicaSet or a Deployment, without the hash that a Deployment adds (`EqualIgnoreHash`)."""
    template: JsonObject = body["spec"]["template"]
    metadata = template.get("metadata", {})
    labels = {key: value for key, value in metadata.get("labels", {}).items() if key != HASH_LABEL}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _revision(body: JsonObject) -> int:
    text = body["metadata"].get("annotations", {}).get(REVISION, "0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


async def _new_replica_set(
    world: World, writer: Writer, body: JsonObject, new: JsonObject | None, all_sets: list[JsonObject]
) -> JsonObject:
    """The ReplicaSet of the present template, with the newest revision: created where there is none."""
    metadata, spec = body["metadata"], body["spec"]
    newest = max((_revision(each) for each in all_sets if each is not new), default=0) + 1
    revision = max(newest, _revision(new)) if new is not None else newest
    annotations = {
        **{key: value for key, value in metadata.get("annotations", {}).items() if key not in _NOT_COPIED},
        _DESIRED: str(spec["replicas"]),
        _MAXIMUM: str(spec["replicas"] + rollout.bounds(spec)[1]),
        REVISION: str(revision),
    }
    if new is None:
        made = new_replica_set_of(body, replicas=0)
        made["metadata"]["annotations"] = annotations
        new = await writer.create("replicasets", body, made)
    elif {**new["metadata"].get("annotations", {}), **annotations} != new["metadata"].get("annotations", {}):
        marked = {**new["metadata"], "annotations": {**new["metadata"].get("annotations", {}), **annotations}}
        new = world.cluster.put("replicasets", {**new, "metadata": marked})
    if _revision(body) != revision:
        marked = {**metadata, "annotations": {**metadata.get("annotations", {}), REVISION: str(revision)}}
        world.cluster.put("deployments", {**body, "metadata": marked})
    return new


def new_replica_set_of(body: JsonObject, *, replicas: int) -> JsonObject:
    """The ReplicaSet of a Deployment's template, as its controller creates it: without kind, namespace and owner."""
    spec, template, value = body["spec"], body["spec"]["template"], template_hash(body["spec"]["template"])
    labels = {**template.get("metadata", {}).get("labels", {}), HASH_LABEL: value}
    labelled = {**template, "metadata": {**template.get("metadata", {}), "labels": labels}}
    selector = spec["selector"]
    narrowed = {**selector, "matchLabels": {**selector.get("matchLabels", {}), HASH_LABEL: value}}
    return {
        "metadata": {"name": f"{body['metadata']['name']}-{value}", "labels": labels},
        "spec": {"replicas": replicas, "selector": narrowed, "template": labelled},
    }


async def _forget_old(world: World, writer: Writer, body: JsonObject, new: JsonObject) -> None:
    """Deletes the ReplicaSets beyond the history limit, the oldest revisions first."""
    idle = [
        each
        for each in owned(world, "replicasets", body)
        if each["metadata"]["uid"] != new["metadata"]["uid"]
        and not each["spec"].get("replicas")
        and not each.get("status", {}).get("replicas")
    ]
    excess = len(idle) - body["spec"].get("revisionHistoryLimit", 10)
    for each in sorted(idle, key=_revision)[: max(excess, 0)]:
        await writer.delete("replicasets", each)


def _status(world: World, body: JsonObject, new: JsonObject | None) -> JsonObject:
    spec, old = body["spec"], body.get("status", {})
    all_sets = owned(world, "replicasets", body)
    current = next((each for each in all_sets if new and each["metadata"]["uid"] == new["metadata"]["uid"]), None)
    total, ready, available = (
        sum(each.get("status", {}).get(field, 0) for each in all_sets)
        for field in ("replicas", "readyReplicas", "availableReplicas")
    )
    updated = current.get("status", {}).get("replicas", 0) if current else 0
    wanted = spec["replicas"]
    status = counts(
        observedGeneration=body["metadata"].get("generation", 1),
        replicas=total,
        updatedReplicas=updated,
        readyReplicas=ready,
        availableReplicas=available,
        unavailableReplicas=max(max(total, wanted) - available, 0),
    )
    enough = available >= wanted - rollout.bounds(spec)[0]
    text = "has" if enough else "does not have"
    reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    conditions = [("Available", enough, reason, f"Deployment {text} minimum availability.")]
    if current is not None:
        named = f'ReplicaSet "{current["metadata"]["name"]}"'
        done = updated == wanted == total == available
        reason = "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"
        message = f"{named} has successfully progressed." if done else f"{named} is progressing."
        conditions.append(("Progressing", True, reason, message))
        failures = [
            condition
            for each in all_sets
            for condition in each.get("status", {}).get("conditions", [])
            if condition["type"] == "ReplicaFailure"
        ]
        conditions += [
            ("ReplicaFailure", True, each.get("reason", ""), each.get("message", "")) for each in failures[:1]
        ]
    elif spec.get("paused"):
        conditions.append(("Progressing", True, "DeploymentPaused", "Deployment is paused"))
    status["conditions"] = [_condition(old, timestamp(world.clock.now()), *each) for each in conditions]
    return status


def _condition(old: JsonObject, now: str, kind: str, holds: bool, reason: str, message: str) -> JsonObject:
    """A condition, with the times of the previous one where that is the same."""
    before: JsonObject = next((each for each in old.get("conditions", []) if each["type"] == kind), {})
    fields = {"type": kind, "status": "True" if holds else "False", "reason": reason, "message": message}
    is_same = all(before.get(field) == value for field, value in fields.items())
    changed = before.get("lastTransitionTime", now) if before.get("status") == fields["status"] else now
    updated = before.get("lastUpdateTime", now) if is_same else now
    return {
        "type": kind,
        "status": fields["status"],
        "lastUpdateTime": updated,
        "lastTransitionTime": changed,
        "reason": reason,
        "message": message,
    }
