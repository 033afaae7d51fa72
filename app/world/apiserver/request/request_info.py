"""What a URL asks for (k8s.io/apiserver `pkg/endpoints/request/requestinfo.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.world.apiserver.auth.authorization import Request
from app.world.apiserver.types.names import path_segment_errors
from app.world.apiserver.types.selectors import selected_name

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get", "HEAD": "get"}


def is_true(value: str | None) -> bool:
    """A boolean query parameter, as Kubernetes reads it."""
    return value is not None and value.lower() not in ("false", "0")


def is_set(query: Mapping[str, str], name: str) -> bool:
    """Whether an option of a Pod's log, exec or attach is on: an empty one, as in `?tty=`, is off."""
    return bool(query.get(name)) and is_true(query.get(name))


@dataclass(frozen=True, kw_only=True)
class RequestInfo:
    """A URL taken apart. Where it is no resource, `resource` is empty and `path` counts."""

    path: str
    verb: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    """The plural name, whether this server has it or not."""
    name: str = ""
    selected: str = ""
    """The name to which the field selector limits a list or watch. The authorizer takes it for the object's, so that a
    rule with `resourceNames` allows it."""
    subresource: str = ""
    excess: bool = False
    """More path segments than any resource has."""

    @property
    def request(self) -> Request:
        """The request as the authorizer looks at it."""
        if not self.resource:
            return Request(verb=self.verb, path=self.path)
        return Request(
            verb=self.verb,
            group=self.group,
            version=self.version,
            resource=self.resource,
            subresource=self.subresource,
            namespace=self.namespace,
            name=self.name or self.selected,
        )


def parse_request(path: str, method: str, query: Mapping[str, str]) -> RequestInfo:
    """The parts of a request line; `path` comes decoded and without the world's prefix."""
    parts = [part for part in path.split("/") if part]
    group = version = ""
    if len(parts) >= 3 and parts[0] == "api":
        version, rest = parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return RequestInfo(path=path, verb=method.lower())
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        # `namespaces/x` and its subresources are about the Namespace itself.
        if len(rest) > 2 and rest[2] not in ("status", "finalize"):
            rest = rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    verb, selected = _VERBS.get(method, method.lower()), ""
    if not name and verb == "get":
        verb = "watch" if is_true(query.get("watch")) else "list"
        wanted = selected_name(query.get("fieldSelector", ""))
        selected = "" if path_segment_errors(wanted) else wanted
    elif not name and verb == "delete":
        verb = "deletecollection"
    return RequestInfo(
        path=path,
        verb=verb,
        group=group,
        version=version,
        namespace=namespace,
        resource=rest[0],
        name=name,
        selected=selected,
        subresource=rest[2] if len(rest) > 2 else "",
        excess=len(rest) > 3,
    )
