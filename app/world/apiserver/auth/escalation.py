"""Who writes roles and bindings: no one grants what they do not have, unless they may `escalate` or `bind`.

Source: `pkg/registry/rbac/escalation_check.go`, `pkg/registry/rbac/*/policybased/storage.go` and
`pkg/registry/rbac/validation/{rule,policy_compact}.go` of Kubernetes, k8s.io/component-helpers `auth/rbac/validation`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.auth.authentication import MASTERS, User
from app.world.apiserver.auth.authorization import (
    Request,
    allows,
    grants_of,
    is_allowed,
    missing_roles,
    no_such_role,
    role_of,
)
from app.world.apiserver.types import errors
from app.world.apiserver.types.resources import Resource
from app.world.apiserver.types.workload_defaults import RBAC_GROUP

if TYPE_CHECKING:
    from app.world.world import World

COMPARISONS_LIMIT = 500_000
"""How often the permissions of a role are compared with what the rules of who grants them contain. The role `admin` has
300 permissions, and the rules of a user of this cluster some 300 verbs, resources, groups, names and paths."""
_FULL_AUTHORITY = {name: ["*"] for name in ("verbs", "apiGroups", "resources", "nonResourceURLs")}
"""What only those have who may write an aggregated role, because it may get any rules."""
_COLLECTED = ("finalizers", "managedFields", "ownerReferences", "resourceVersion")
"""Metadata that a garbage collector changes, which has not what the roles grant."""


def refuse_escalation(world: World, user: User, resource: Resource, obj: JsonObject, old: JsonObject | None) -> None:
    """Raises `ApiError` 403 where a role or binding would grant what its writer does not have, 404 where the role of a
    binding is missing. `old` is what the object replaces; None where it is new."""
    if resource.group != RBAC_GROUP or MASTERS in user.groups or (old is not None and _is_collection(obj, old)):
        return
    namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"].get("name", "")
    rules: Sequence[JsonObject] | None
    if resource.plural in ("clusterroles", "roles"):
        rules = obj.get("rules", [])
        # A request that creates a role does not name it in its URL, so `escalate` for one name does not count there.
        permission = Request(
            verb="escalate", group=RBAC_GROUP, resource=resource.plural, namespace=namespace, name=name if old else ""
        )
    else:
        reference = obj.get("roleRef", {})
        kind, role_name = reference.get("kind"), reference.get("name", "")
        if kind not in ("ClusterRole", "Role") or not role_name:
            return  # said when the object is validated
        role = role_of(world, obj, namespace)
        rules = None if role is None else role.get("rules", [])
        permission = Request(
            verb="bind", group=RBAC_GROUP, resource=f"{kind.lower()}s", namespace=namespace, name=role_name
        )
    if is_allowed(world, user, permission):
        return
    if rules is None:
        details = {"name": role_name, "group": RBAC_GROUP, "kind": kind.lower()}
        raise errors.ApiError(404, "NotFound", no_such_role(obj), details)
    held = list(grants_of(world, user, namespace))
    contained = sum(len(part) for it in held for part in (it.verbs, it.resources, it.groups, it.names, it.paths))
    if sum(map(_count, rules)) * contained > COMPARISONS_LIMIT:
        raise errors.forbidden(resource, name, "this simulated API server does not compare that many permissions")
    lacking = [it for rule in rules for it in _permissions(rule) if not any(allows(has, it) for has in held)]
    if lacking:
        who = f"user {_quoted(user.name)} (groups={_listed(user.groups)})"
        listed = "\n".join(sorted(_compact(lacking)))
        unknown = missing_roles(world, user, namespace)
        because = f"; resolution errors: [{unknown}]" if unknown else ""
        why = f"{who} is attempting to grant RBAC permissions not currently held:\n{listed}{because}"
        raise errors.forbidden(resource, name, why)
    everything = all(any(allows(has, it) for has in held) for it in _permissions(_FULL_AUTHORITY))
    if not everything and any("aggregationRule" in it for it in (obj, old or {})):
        raise errors.forbidden(resource, name, "must have cluster-admin privileges to use the aggregationRule")


def _is_collection(obj: JsonObject, old: JsonObject) -> bool:
    """Whether nothing changes but what a garbage collector changes (`IsOnlyMutatingGCFields`)."""

    def rest(document: JsonObject) -> JsonObject:
        kept = {field: value for field, value in document["metadata"].items() if field not in _COLLECTED}
        return {**document, "metadata": kept}

    return rest(obj) == rest(old)


def _count(rule: JsonObject) -> int:
    things = len(rule.get("apiGroups", ())) * len(rule.get("resources", ())) * (len(rule.get("resourceNames", ())) or 1)
    return len(rule.get("verbs", ())) * (things + len(rule.get("nonResourceURLs", ())))


def _permissions(rule: JsonObject) -> Iterator[Request]:
    """A rule taken apart: one verb on one resource, or one path, each."""
    verbs, names = rule.get("verbs", ()), rule.get("resourceNames") or [""]
    for group, whole, verb, name in product(rule.get("apiGroups", ()), rule.get("resources", ()), verbs, names):
        resource, _, subresource = whole.partition("/")
        yield Request(verb=verb, group=group, resource=resource, subresource=subresource, name=name)
    for path, verb in product(rule.get("nonResourceURLs", ()), verbs):
        yield Request(verb=verb, path=path)


def _compact(permissions: Iterable[Request]) -> Iterator[str]:
    """The permissions as an error writes them, those with several verbs on one resource in one."""
    verbs: dict[Request, list[str]] = {}
    for it in permissions:
        alike = it if it.path else replace(it, verb="")
        verbs.setdefault(alike, []).append(it.verb)
    for it, together in verbs.items():
        of_resource = {"APIGroups": [it.group], "Resources": [it.whole_resource]}
        parts = {"NonResourceURLs": [it.path]} if it.path else of_resource
        parts |= ({"ResourceNames": [it.name]} if it.name else {}) | {"Verbs": together}
        yield "{" + ", ".join(f"{label}:{_listed(items)}" for label, items in parts.items()) + "}"


def _listed(items: Sequence[str]) -> str:
    return f"[{' '.join(map(_quoted, items))}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
