"""What is written to a real cluster: the registration of our webhook and a label on namespaces. Nothing else writes.

`KubernetesCluster` only asks, and what it sends for the doctor is dry. All methods raise `FlowError`.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.clients.kubernetes import library as client
from app.clients.kubernetes.calls import read_items, read_json
from app.clients.kubernetes.cluster import KubernetesCluster
from app.flow.model import JsonObject, JsonValue

_REGISTRATIONS = "mutatingwebhookconfigurations"


class KubernetesWriter(KubernetesCluster):
    """The same cluster as one who may write these."""

    def registrations(self, selector: str) -> Sequence[JsonValue]:
        """The MutatingWebhookConfigurations with these labels."""
        list_them = self._admission.list_mutating_webhook_configuration
        return read_items(f"list {_REGISTRATIONS}", list_them, label_selector=selector)

    def register(self, document: JsonObject) -> None:
        """Creates a MutatingWebhookConfiguration."""
        read_json(f"create {_REGISTRATIONS}", self._admission.create_mutating_webhook_configuration, document)

    def unregister(self, name: str, uid: str) -> None:
        """Deletes the one of that name, as long as it is still the same object (a precondition of the request)."""
        options = {"preconditions": {"uid": uid}}
        delete = self._admission.delete_mutating_webhook_configuration
        read_json(f"delete {_REGISTRATIONS}", delete, name, body=options)

    def labelled_namespaces(self, label: str) -> Sequence[JsonValue]:
        """The namespaces that have the label, whatever its value."""
        return read_items("list namespaces", self._core.list_namespace, label_selector=label)

    def patch_namespace(self, name: str, patch: JsonObject | list[JsonObject]) -> None:
        """Changes a namespace: a list is a JSON patch, an object a strategic merge patch."""
        read_json("patch namespaces", self._core.patch_namespace, name, patch)

    @property
    def _admission(self) -> client.AdmissionregistrationV1Api:
        return client.AdmissionregistrationV1Api(self._api)
