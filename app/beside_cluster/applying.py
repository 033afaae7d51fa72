"""Writes to the cluster, and takes away what was written: by labels alone, so that it needs no memory of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from app.flow.beside_cluster.objects import OURS, RUN, opt_in, opt_out, run_of
from app.flow.errors import FlowError, NotFound, Refused
from app.flow.json_access import get_str
from app.flow.model import JsonObject, JsonValue


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
