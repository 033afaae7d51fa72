"""Owners and what they own (k8s.io/apimachinery `pkg/apis/meta/v1/controller_ref.go`), and how controllers write.

Each controller of the real manager asks with a ServiceAccount of its own in `kube-system`; webhooks see that name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.auth import service_accounts
from app.world.apiserver.auth.authentication import ALL_AUTHENTICATED, User
from app.world.apiserver.registry import operations
from app.world.apiserver.request.options import DeleteOptions, Options
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types import errors
from app.world.apiserver.types.resources import RESOURCES
from app.world.apiserver.types.selectors import matches_selector
from app.world.node.event_recorder import record_event

if TYPE_CHECKING:
    from app.world.world import World

PLURALS = {resource.kind: resource.plural for resource in RESOURCES.values()}
PODS_LIMIT = 50
"""How many Pods of workloads one cluster has at most. A real cluster keeps those that find no room pending."""
REVISION_LABEL = "controller-revision-hash"
"""The label of a Pod with the revision of the DaemonSet's or StatefulSet's template that it was made from."""
_NAMESPACE = "kube-system"
_OPTIONS = Options(field_manager="kube-controller-manager")


def to_look_after(world: World, plural: str, namespace: str, name: str) -> JsonObject | None:
    """A copy of an object as it is now; None where it is gone, or being deleted."""
    stored = world.cluster.find(plural, namespace, name)
    return None if stored is None or stored.object["metadata"].get("deletionTimestamp") else stored.copy()


def controller_of(body: JsonObject) -> JsonObject | None:
    """The reference to the owner that manages an object, if any."""
    references = body["metadata"].get("ownerReferences", [])
    return next((reference for reference in references if reference.get("controller")), None)


def reference_to(owner: JsonObject) -> JsonObject:
    """The reference that says that `owner` manages an object."""
    metadata = owner["metadata"]
    kept = {"name": metadata["name"], "uid": metadata["uid"], "controller": True, "blockOwnerDeletion": True}
    return {"apiVersion": owner["apiVersion"], "kind": owner["kind"], **kept}


def owned(world: World, plural: str, owner: JsonObject) -> list[JsonObject]:
    """Copies of the objects that an object manages. Those that its selector finds and no other object manages are
    adopted."""
    metadata, selector = owner["metadata"], owner["spec"].get("selector") or {}
    found = []
    for stored in list(world.cluster.scan(plural, metadata["namespace"])):
        body = stored.object
        reference = controller_of(body)
        if reference is None and selector and _is_orphan_of(body, selector):
            adopted = {**body["metadata"], "ownerReferences": [reference_to(owner)]}
            found.append(world.cluster.put(plural, {**body, "metadata": adopted}))
        elif reference is not None and reference["uid"] == metadata["uid"]:
            found.append(stored.copy())
    return found


def _is_orphan_of(body: JsonObject, selector: JsonObject) -> bool:
    metadata = body["metadata"]
    return not metadata.get("deletionTimestamp") and matches_selector(selector, metadata.get("labels", {}))


def is_active(pod: JsonObject) -> bool:
    """Whether a Pod runs, or will."""
    return not has_ended(pod) and not pod["metadata"].get("deletionTimestamp")


def has_ended(pod: JsonObject) -> bool:
    """Whether no container of a Pod will run again."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def is_ready(pod: JsonObject) -> bool:
    """Whether a Pod has the condition `Ready`."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def counts(**numbers: int) -> JsonObject:
    """Numbers of a status, without those that are 0 (`omitempty`)."""
    return {field: number for field, number in numbers.items() if number}


def put_status(world: World, plural: str, body: JsonObject, status: JsonObject) -> None:
    """Writes a status that differs, unless the object is gone or has changed meanwhile."""
    metadata = body["metadata"]
    current = world.cluster.find(plural, metadata["namespace"], metadata["name"])
    if current is None or current.object["metadata"]["uid"] != metadata["uid"]:
        return
    if current.object.get("status") != status:
        world.cluster.put(plural, {**current.object, "status": status})


class Writer:
    """Creates and deletes on behalf of one controller, and records events."""

    def __init__(self, world: World, component: str) -> None:
        """`component`: such as `replicaset-controller`."""
        self._world = world
        self._component = component
        groups = (*service_accounts.groups(_NAMESPACE), ALL_AUTHENTICATED)
        self._user = User(name=service_accounts.username(_NAMESPACE, component), groups=groups)

    async def create(self, plural: str, owner: JsonObject, body: JsonObject) -> JsonObject:
        """Creates an object that `owner` manages. Raises `ApiError`."""
        namespace = owner["metadata"]["namespace"]
        body = {**body, "metadata": {**body["metadata"], "ownerReferences": [reference_to(owner)]}}
        scope = RequestScope(self._world, self._user, RESOURCES[plural], namespace)
        return (await operations.create_object(scope, body, _OPTIONS)).body

    async def create_pod(
        self, owner: JsonObject, name: JsonObject, template: JsonObject, *, message: str = "Created pod: {}"
    ) -> None:
        """Creates a Pod from a template; `name` is its `name` or `generateName`. Raises `ApiError`, after an event for
        it.

        `message`: of the event where it succeeds.
        """
        metadata = template.get("metadata", {})
        kept = {field: metadata[field] for field in ("labels", "annotations", "finalizers") if field in metadata}
        try:
            pods = self._world.cluster.scan("pods")
            if sum(1 for stored in pods if controller_of(stored.object) is not None) >= PODS_LIMIT:
                raise errors.too_many_requests(f"this simulated cluster runs at most {PODS_LIMIT} Pods of workloads")
            body = {"metadata": {**kept, **name}, "spec": template.get("spec", {})}
            pod = await self.create("pods", owner, body)
        except errors.ApiError as error:
            self.event(owner, "FailedCreate", f"Error creating: {error.message}", warning=True)
            raise
        self.event(owner, "SuccessfulCreate", message.format(pod["metadata"]["name"]))

    async def delete(self, plural: str, body: JsonObject, *, foreground: bool = False) -> None:
        """Deletes an object, if it still exists; with `foreground` after the objects that it owns. Raises
        `ApiError`."""
        metadata = body["metadata"]
        scope = RequestScope(self._world, self._user, RESOURCES[plural], metadata.get("namespace", ""))
        propagation = "Foreground" if foreground else "Background"
        try:
            await operations.delete_object(
                scope, metadata["name"], DeleteOptions(uid=metadata["uid"], propagation=propagation)
            )
        except errors.ApiError as error:
            if error.code not in (404, 409):
                raise

    async def delete_pod(self, owner: JsonObject, pod: JsonObject, *, message: str = "Deleted pod: {}") -> None:
        """Deletes a Pod of a workload, with an event of that `message`. Raises `ApiError`."""
        await self.delete("pods", pod)
        self.event(owner, "SuccessfulDelete", message.format(pod["metadata"]["name"]))

    def event(self, about: JsonObject, reason: str, message: str, *, warning: bool = False) -> None:
        """Records an event."""
        record_event(
            self._world.cluster,
            involved=about,
            reason=reason,
            message=message,
            type="Warning" if warning else "Normal",
            component=self._component,
        )


def victims(pods: list[JsonObject], count: int) -> Iterator[JsonObject]:
    """The Pods to delete first: those that are not ready, then the newest (`ActivePodsWithRanks`)."""
    by_age = sorted(pods, key=lambda pod: int(pod["metadata"]["resourceVersion"]), reverse=True)
    yield from sorted(by_age, key=is_ready)[: max(count, 0)]
