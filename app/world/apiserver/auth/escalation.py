"""Who writes roles and bindings: no one grants what they do not have, unless they may `escalate` or `bind`.

Source: `pkg/registry/rbac/escalation_check.go`, `pkg/registry/rbac/*/policybased/storage.go` and
`pkg/registry/rbac/validation/{rule,policy_compact}.go` of Kubernetes, k8s.io/component-helpers `auth/rbac/validation`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from app.flow.model import JsonObject
from app.world.apiserver.auth.authentication import MASTERS, User
from app.world.apiserver.auth.authorization import (
    Grant,
    Request,
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

COMPARISONS_LIMIT = 100_000
"""How often the permissions of a role are compared with the rules and paths of who grants them, in some 50 ms. The role
`admin` has 300 permissions, and a user of this cluster some 30 rules and paths."""
_COLLECTED = ("finalizers", "managedFields", "ownerReferences", "resourceVersion")
"""Metadata that a garbage collector changes, which has not what the roles grant."""


class _Held(NamedTuple):
    """A rule of who writes, for many comparisons."""

    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]
    paths: tuple[str, ...]

    @classmethod
    def of(cls, grant: Grant) -> _Held:
        return cls(
            verbs=frozenset(grant.verbs),
            groups=frozenset(grant.groups),
            resources=frozenset(grant.resources),
            names=frozenset(grant.names),
            paths=grant.paths,
        )


def refuse_escalation(
    world: World, user: User, resource: Resource, obj: JsonObject, old: JsonObject | None = None
) -> None:
    """Raises `ApiError` 403 where a role or binding would grant what its writer does not have, 404 where the role of a
    binding is missing. `old` is what the object replaces."""
    if resource.group != RBAC_GROUP or MASTERS in user.groups or (old is not None and _is_collection(obj, old)):
        return
    namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"].get("name", "")
    rules: Sequence[JsonObject]
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
        rules = role.get("rules", []) if role else []
        permission = Request(
            verb="bind", group=RBAC_GROUP, resource=f"{kind.lower()}s", namespace=namespace, name=role_name
        )
        if role is None and not is_allowed(world, user, permission):
            details = {"name": role_name, "group": RBAC_GROUP, "kind": kind.lower()}
            raise errors.ApiError(404, "NotFound", no_such_role(obj), details)
    if is_allowed(world, user, permission):
        return
    held = [_Held.of(grant) for grant in grants_of(world, user, namespace)]
    if sum(map(_count, rules)) * sum(1 + len(it.paths) for it in held) > COMPARISONS_LIMIT:
        raise errors.forbidden(resource, name, "this simulated API server does not compare that many permissions")
    lacking = [it for rule in rules for it in _permissions(rule) if not any(_covers(has, it) for has in held)]
    if lacking:
        who = f"user {_quoted(user.name)} (groups={_listed(user.groups)})"
        listed = "\n".join(sorted(_compact(lacking)))
        unknown = missing_roles(world, user, namespace)
        because = f"; resolution errors: [{unknown}]" if unknown else ""
        why = f"{who} is attempting to grant RBAC permissions not currently held:\n{listed}{because}"
        raise errors.forbidden(resource, name, why)


def _is_collection(obj: JsonObject, old: JsonObject) -> bool:
    """Whether nothing changes but what a garbage collector changes (`IsOnlyMutatingGCFields`)."""

    def rest(document: JsonObject) -> JsonObject:
        kept = {field: value for field, value in document["metadata"].items() if field not in _COLLECTED}
        return {**document, "metadata": kept}

    return rest(obj) == rest(old)


def _count(rule: JsonObject) -> int:
    things = len(rule.get("apiGroups", ())) * len(rule.get("resources", ())) * (len(rule.get("resourceNames", ())) or 1)
    return len(rule.get("verbs", ())) * (things + len(rule.get("nonResourceURLs", ())))


def _permissions(rule: JsonObject) -> Iterator[Grant]:
    """A rule taken apart: one verb on one resource, or one path, each."""
    verbs = rule.get("verbs", ())
    names: Sequence[tuple[str, ...]] = [(name,) for name in rule.get("resourceNames", ())] or [()]
    for group in rule.get("apiGroups", ()):
        for resource in rule.get("resources", ()):
            for verb in verbs:
                for name in names:
                    yield Grant(subject="", verbs=(verb,), groups=(group,), resources=(resource,), names=name)
    for path in rule.get("nonResourceURLs", ()):
        for verb in verbs:
            yield Grant(subject="", verbs=(verb,), groups=(), paths=(path,))


def _covers(held: _Held, wanted: Grant) -> bool:
    """Whether a rule gives the permission."""
    if held.verbs.isdisjoint(("*", *wanted.verbs)):
        return False
    if wanted.paths:
        (path,) = wanted.paths
        return any(path == own or (own.endswith("*") and path.startswith(own.rstrip("*"))) for own in held.paths)
    (resource,) = wanted.resources
    _, slash, subresource = resource.partition("/")
    return not (
        held.groups.isdisjoint(("*", *wanted.groups))
        or held.resources.isdisjoint(("*", resource, f"*/{subresource}" if slash else "*"))
        or (held.names and held.names.isdisjoint(wanted.names))
    )


def _compact(permissions: Iterable[Grant]) -> Iterator[str]:
    """The permissions as an error writes them, those with several verbs on one resource in one."""
    verbs: dict[Grant, list[str]] = {}
    for it in permissions:
        alike = it if it.paths else replace(it, verbs=())
        verbs.setdefault(alike, []).extend(it.verbs)
    for it, together in verbs.items():
        parts: Sequence[tuple[str, Sequence[str]]] = (
            ("APIGroups", it.groups),
            ("Resources", it.resources),
            ("NonResourceURLs", it.paths),
            ("ResourceNames", it.names),
            ("Verbs", together),
        )
        yield "{" + ", ".join(f"{label}:{_listed(items)}" for label, items in parts if items) + "}"


def _listed(items: Sequence[str]) -> str:
    return f"[{' '.join(map(_quoted, items))}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
