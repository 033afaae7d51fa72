"""Puts a simulated AWS beside a real cluster: what is read of it first, what is applied, and how that is undone.

What was written is found again by labels alone, so that no memory of a run is needed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from app import wiring
from app.flow.beside_cluster.objects import OURS, RUN, opt_in, opt_out, run_of
from app.flow.beside_cluster.refusals import Found, Refusal, refusal, refusal_of_read
from app.flow.errors import FlowError, NotFound, Refused, Unreachable
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


def read_target(context: str) -> Target | Refusal:
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


class Writer(Protocol):
    """`clients.kubernetes.writer.KubernetesWriter`, as far as it is needed here."""

    def registrations(self, selector: str) -> Sequence[JsonValue]: ...
    def register(self, document: JsonObject) -> None: ...
    def unregister(self, name: str, uid: str) -> None: ...
    def labelled_namespaces(self, label: str) -> Sequence[JsonValue]: ...
    def patch_namespace(self, name: str, patch: JsonObject | list[JsonObject]) -> None: ...


def apply(cluster: Writer, registration: JsonObject, namespaces: Sequence[str]) -> None:
    """Creates the registration, then labels the namespaces. Where one step fails, those before it are undone.

    Raises `FlowError`.
    """
    run = run_of(registration)
    try:
        cluster.register(registration)
        for namespace in namespaces:
            cluster.patch_namespace(namespace, opt_in(namespace, run))
    except FlowError:
        for _ in undo(cluster, run):
            pass
        raise


def undo(cluster: Writer, run: str = "") -> Iterator[str]:
    """Removes what that run wrote (without one: any run of ours), and yields what each was (`shown`).

    The registration goes first: from then on no Pod is edited. What another client has removed or changed meanwhile
    stays as it is. Raises `FlowError`.
    """
    for found in cluster.registrations(OURS):
        name, uid = get_str(found, "metadata", "name"), get_str(found, "metadata", "uid")
        if run in ("", run_of(found)) and _unless_changed(cluster.unregister, name, uid):
            yield shown(found)
    for found in cluster.labelled_namespaces(RUN):
        of_run, name = run_of(found), get_str(found, "metadata", "name")
        if run in ("", of_run) and _unless_changed(cluster.patch_namespace, name, opt_out(of_run)):
            yield shown(found)


def earlier(cluster: Writer) -> list[str]:
    """What `undo` would remove now. Raises `FlowError`."""
    return [shown(found) for found in (*cluster.registrations(OURS), *cluster.labelled_namespaces(RUN))]


def shown(document: JsonValue) -> str:
    """What a run wrote: a registration, or one label of a namespace. Items of a list have no kind of their own."""
    name = get_str(document, "metadata", "name")
    if "webhooks" in document:
        return f"MutatingWebhookConfiguration {name}"
    return f"Namespace {name} .metadata.labels {RUN}={run_of(document)}"


def _unless_changed(write: Callable[..., None], *arguments: object) -> bool:
    """Whether it was written. The server refuses (404, 409, 422) where the object is gone or another one by now."""
    try:
        write(*arguments)
    except (NotFound, Refused):
        return False
    return True
