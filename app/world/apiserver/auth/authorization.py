"""Authorization: a small RBAC table, the cluster's roles and bindings, and the message of a refusal.

Source: k8s.io/apiserver `pkg/endpoints/handlers/responsewriters/errors.go` (the message) and Kubernetes' bootstrap
policy (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`) for the built-in rules. Of the node authorizer
there is what a kubelet of this cluster needs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.auth.authentication import ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, MASTERS, User
from app.world.apiserver.auth.service_accounts import username
from app.world.apiserver.types import errors
from app.world.apiserver.types.workload_defaults import RBAC_GROUP

if TYPE_CHECKING:
    from app.world.world import World


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One RBAC rule. `*` matches everything."""

    verbs: tuple[str, ...]
    resources: tuple[str, ...] = ()
    """Such as `pods`, `serviceaccounts/token`."""
    groups: tuple[str, ...] = ("",)
    """API groups."""
    names: tuple[str, ...] = ()
    """The names of the objects that it is limited to; empty for all."""
    paths: tuple[str, ...] = ()
    """The paths of a rule about URLs that are no resources; a `*` at the end stands for any rest."""
    source: str = ""
    """The binding that grants it, as the server describes it; empty for a rule of no role."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request in the authorizer's terms."""

    verb: str
    """Such as `create`, `deletecollection`; of a path, the HTTP method in lower case."""
    path: str = ""
    """The URL's path where it is no resource; else empty."""
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def whole_resource(self) -> str:
        """The resource with its subresource, such as `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


_INFORMATION = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_DISCOVERY = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")
_READ = ("get", "list", "watch")


def _bound_to(group: str, role: str, *grants: Grant) -> tuple[Grant, ...]:
    """The rules of a ClusterRole that a ClusterRoleBinding of the same name binds to a group."""
    source = f'ClusterRoleBinding "{role}" of ClusterRole "{role}" to Group "{group}"'
    return tuple(replace(grant, source=source) for grant in grants)


BUILT_IN: Mapping[str, Sequence[Grant]] = {
    MASTERS: (Grant(verbs=("*",), resources=("*",), groups=("*",), paths=("*",)),),
    ALL_UNAUTHENTICATED: _bound_to(
        ALL_UNAUTHENTICATED, "system:public-info-viewer", Grant(verbs=("get",), paths=_INFORMATION)
    ),
    ALL_AUTHENTICATED: (
        *_bound_to(ALL_AUTHENTICATED, "system:public-info-viewer", Grant(verbs=("get",), paths=_INFORMATION)),
        *_bound_to(ALL_AUTHENTICATED, "system:discovery", Grant(verbs=("get",), paths=_INFORMATION + _DISCOVERY)),
        *_bound_to(
            ALL_AUTHENTICATED,
            "system:basic-user",
            Grant(
                verbs=("create",),
                resources=("selfsubjectaccessreviews", "selfsubjectrulesreviews"),
                groups=("authorization.k8s.io",),
            ),
            Grant(verbs=("create",), resources=("selfsubjectreviews",), groups=("authentication.k8s.io",)),
        ),
    ),
    # system:node
    "system:nodes": (
        Grant(verbs=("create",), resources=("serviceaccounts/token",)),
        Grant(verbs=(*_READ, "create", "delete"), resources=("pods",)),
        Grant(verbs=("get", "patch", "update"), resources=("pods/status",)),
        Grant(verbs=_READ, resources=("configmaps", "secrets", "serviceaccounts")),
        Grant(verbs=("create", "patch", "update"), resources=("events",)),
    ),
}
"""The rules that a group has in every cluster."""


def grants_of(world: World, user: User, namespace: str) -> Iterator[Grant]:
    """The rules that are bound to the user or one of its groups, for the whole cluster or in that namespace."""
    for group, grants in BUILT_IN.items():
        yield from grants if group in user.groups else ()
    for binding, subject in _bindings(world, user, namespace):
        yield from _bound(world, binding, subject)


def missing_roles(world: World, user: User, namespace: str) -> str:
    """What the server says of the missing roles of bindings that count for the user there; empty where none is."""
    missing = dict.fromkeys(
        no_such_role(binding)
        for binding, _ in _bindings(world, user, namespace)
        if role_of(world, binding, binding["metadata"].get("namespace", "")) is None
    )
    said = ", ".join(missing)
    return f"[{said}]" if len(missing) > 1 else said


def no_such_role(binding: JsonObject) -> str:
    """What the server says where the role is missing that a binding refers to."""
    reference = binding["roleRef"]
    return f'{reference["kind"].lower()}.{RBAC_GROUP} "{reference["name"]}" not found'


def _bindings(world: World, user: User, namespace: str) -> Iterator[tuple[JsonObject, JsonObject]]:
    """The bindings that count for the user there, one for each role, each with the subject that stands for the user.

    Otherwise a large role that is bound to one subject hundreds of times would make gigabytes of rules.
    """
    bound = set()
    of_namespace = world.cluster.scan("rolebindings", namespace) if namespace else ()
    for stored in itertools.chain(world.cluster.scan("clusterrolebindings"), of_namespace):
        binding = stored.object
        role = binding["metadata"].get("namespace", ""), binding["roleRef"]["kind"], binding["roleRef"]["name"]
        if role in bound:
            continue
        subject = next((it for it in binding.get("subjects", []) if _is_subject(user, it, binding)), None)
        if subject is not None:
            bound.add(role)
            yield binding, subject


def _is_subject(user: User, subject: JsonObject, binding: JsonObject) -> bool:
    """Whether a subject of a binding stands for the user; a user and a group of one name are different subjects.

    Source: `appliesToUser` of `pkg/registry/rbac/validation/rule.go`.
    """
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    if subject["kind"] == "User":
        return bool(subject["name"] == user.name)
    return username(_namespace_of(subject, binding), subject["name"]) == user.name


def _namespace_of(subject: JsonObject, binding: JsonObject) -> str:
    return str(subject.get("namespace") or binding["metadata"].get("namespace", ""))


def _bound(world: World, binding: JsonObject, subject: JsonObject) -> Iterator[Grant]:
    """The rules of the role that a binding refers to; none where there is no such role."""
    namespace = binding["metadata"].get("namespace", "")
    role = role_of(world, binding, namespace)
    source = _described(binding, subject)
    for rule in role.get("rules", []) if role is not None else []:
        yield Grant(
            verbs=tuple(rule.get("verbs", ())),
            resources=tuple(rule.get("resources", ())),
            groups=tuple(rule.get("apiGroups", ())),
            names=tuple(rule.get("resourceNames", ())),
            paths=() if namespace else tuple(rule.get("nonResourceURLs", ())),
            source=source,
        )


def _described(binding: JsonObject, subject: JsonObject) -> str:
    """A binding with its role and the subject that stands for the user (`clusterRoleBindingDescriber` and its sibling
    in `pkg/registry/rbac/validation/rule.go`)."""
    name, namespace = binding["metadata"]["name"], binding["metadata"].get("namespace", "")
    qualified = f'RoleBinding "{name}/{namespace}"' if namespace else f'ClusterRoleBinding "{name}"'
    of_account = f"/{_namespace_of(subject, binding)}" if subject["kind"] == "ServiceAccount" else ""
    reference = binding["roleRef"]
    role = f'{reference["kind"]} "{reference["name"]}"'
    return f'{qualified} of {role} to {subject["kind"]} "{subject["name"]}{of_account}"'


def role_of(world: World, binding: JsonObject, namespace: str) -> JsonObject | None:
    """The role that a binding of that namespace refers to; None where there is none."""
    reference = binding["roleRef"]
    if reference["kind"] == "Role":
        found = world.cluster.find("roles", namespace, reference["name"])
    else:
        found = world.cluster.find("clusterroles", "", reference["name"])
    return found.object if found is not None else None


def is_allowed(world: World, user: User, request: Request) -> bool:
    """Whether some rule allows the request."""
    return decide(world, user, request)[0]


def decide(world: World, user: User, request: Request) -> tuple[bool, str]:
    """Whether some rule allows the request, and the reason that RBAC gives; empty where it gives none."""
    for grant in grants_of(world, user, request.namespace):
        if allows(grant, request):
            return True, f"RBAC: allowed by {grant.source}" if grant.source else ""
    missing = missing_roles(world, user, request.namespace)
    return False, f"RBAC: {missing}" if missing else ""


def allows(grant: Grant, request: Request) -> bool:
    """Whether the rule allows the request in a namespace where it counts."""
    if not _has(grant.verbs, request.verb):
        return False
    if request.path:
        return any(
            request.path == path or (path.endswith("*") and request.path.startswith(path.rstrip("*")))
            for path in grant.paths
        )
    of_any = (f"*/{request.subresource}",) if request.subresource else ()
    return (
        _has(grant.resources, request.whole_resource, *of_any)
        and _has(grant.groups, request.group)
        and (not grant.names or request.name in grant.names)
    )


def _has(named: tuple[str, ...], *wanted: str) -> bool:
    return "*" in named or any(it in named for it in wanted)


def authorize(world: World, user: User, request: Request) -> None:
    """Raises `ApiError` 403 where no rule allows the request."""
    allowed, reason = decide(world, user, request)
    if allowed:
        return
    because = f": {reason}" if reason else ""
    if not request.resource:
        raise errors.forbidden_path(user.name, request.verb, request.path, because)
    what = f'resource "{request.whole_resource}" in API group "{request.group}"'
    why = f'User "{user.name}" cannot {request.verb} {what}'
    where = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
    qualified = f"{request.resource}.{request.group}" if request.group else request.resource
    about = f'{qualified} "{request.name}"' if request.name else qualified
    details = {"name": request.name} if request.name else {}
    if request.group:
        details["group"] = request.group
    raise errors.ApiError(
        403, "Forbidden", f"{about} is forbidden: {why} {where}{because}", {**details, "kind": request.resource}
    )
