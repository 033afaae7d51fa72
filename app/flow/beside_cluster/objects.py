"""The objects that are written to the cluster, and by which labels they are found again after their writer has died.

Two kinds, and nothing else: one MutatingWebhookConfiguration of our own, and one label on each namespace that opted in.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.flow.json_access import get_list, get_str
from app.flow.model import JsonObject, JsonValue
from app.flow.names import APPLICATION_ID
from app.flow.webhook import CONFIGURATION, WEBHOOKS, registered

RUN = f"{APPLICATION_ID}/simulated-aws"
"""The label whose value is the run: on the namespaces that opted in, and on the webhook's registration."""
MANAGED_BY = "app.kubernetes.io/managed-by"
"""A label of the registration alone: a namespace may have it from another tool, such as Helm."""
NAME = f"{APPLICATION_ID}-simulated-aws"
OURS = f"{MANAGED_BY}={APPLICATION_ID},{RUN}"
"""The label selector of our registrations."""
TIMEOUT_SECONDS = 5
"""For how long a Pod in such a namespace waits for a webhook that is gone without a word."""


def registration(run: str, url: str, ca_pem: bytes) -> JsonObject:
    """The MutatingWebhookConfiguration of a run.

    A Pod for which the webhook does not answer starts without credentials.
    """
    webhook = registered(WEBHOOKS[1], url, ca_pem) | {
        "namespaceSelector": {"matchLabels": {RUN: run}},
        "timeoutSeconds": TIMEOUT_SECONDS,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": NAME, "labels": {MANAGED_BY: APPLICATION_ID, RUN: run}},
        "webhooks": [webhook],
    }


def opt_in(namespace: str, run: str) -> JsonObject:
    """What is changed of a namespace: one label."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": namespace, "labels": {RUN: run}},
    }


def opt_out(run: str) -> list[JsonObject]:
    """The JSON patch (RFC 6902) that removes that label, unless its value has changed meanwhile."""
    path = f"/metadata/labels/{RUN.replace('~', '~0').replace('/', '~1')}"
    return [{"op": "test", "path": path, "value": run}, {"op": "remove", "path": path}]


def run_of(document: JsonValue) -> str:
    """The run that wrote to an object; empty where none did."""
    return get_str(document, "metadata", "labels", RUN)


def is_ours(configuration: JsonValue) -> bool:
    """Whether we wrote this registration."""
    return bool(run_of(configuration)) and get_str(configuration, "metadata", "labels", MANAGED_BY) == APPLICATION_ID


def other_webhook(configurations: Iterable[JsonValue]) -> str:
    """The pod identity webhook that the cluster has already, which is not ours; empty where there is none."""
    for configuration in configurations:
        name = get_str(configuration, "metadata", "name")
        if not is_ours(configuration) and (
            name == CONFIGURATION or any(map(_injects, get_list(configuration, "webhooks")))
        ):
            return name
    return ""


def _injects(webhook: JsonValue) -> bool:
    """Whether it is a pod identity webhook, by its name or by that of its Service."""
    service = get_str(webhook, "clientConfig", "service", "name")
    return get_str(webhook, "name") in WEBHOOKS or CONFIGURATION in service
