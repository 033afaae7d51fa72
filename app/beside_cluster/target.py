"""The cluster of a context as it is before anything is written, and the connection by which something will be."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app import wiring
from app.flow.beside_cluster.refusals import Found, Refusal, refusal, refusal_of_read
from app.flow.errors import NotFound, Unreachable
from app.flow.json_access import get_object, get_str
from app.flow.model import JsonObject, JsonValue
from app.wiring import Choice

if TYPE_CHECKING:
    from app.clients.kubernetes.writer import KubernetesWriter


@dataclass(frozen=True, kw_only=True)
class Target:
    """The cluster, and what was read of it before anything is written."""

    cluster: KubernetesWriter
    found: Found
    discovery: JsonObject
    jwks: JsonValue

    def service_account(self, namespace: str, name: str) -> JsonValue | None:
        """A ServiceAccount of the cluster; None where there is none. Raises `FlowError`."""
        try:
            return self.cluster.service_account(namespace, name)
        except NotFound:
            return None


def read(context: str) -> Target | Refusal:
    """Reads the cluster of a context, and says why no AWS is put beside it. Raises `FlowError`.

    One on EKS or at a public address is refused before anything is sent to it, and no credential plugin is run.
    """
    host, is_eks = wiring.server(context)
    found = Found(host=host, addresses=(), is_eks=is_eks)
    if refused := refusal(found):
        return refused
    found = replace(found, addresses=resolved(host))
    if refused := refusal(found):
        return refused
    cluster = wiring.writer(Choice(context=context))
    discovery = get_object({"found": cluster.discovery()}, "found")
    found = replace(
        found,
        issuer=get_str(discovery, "issuer"),
        version=get_str(cluster.version(), "gitVersion"),
        webhooks=tuple(cluster.mutating_webhooks()),
    )
    if refused := refusal_of_read(found):
        return refused
    return Target(cluster=cluster, found=found, discovery=discovery, jwks=cluster.jwks())


def resolved(host: str) -> tuple[str, ...]:
    """The addresses to which the host of an API server's URL leads. Raises `Unreachable`."""
    parts = urlsplit(host)
    try:
        answers = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(code="unreachable", server_message=str(error), operation="get version", got=host) from None
    return tuple(sorted({str(answer[4][0]) for answer in answers}))
