"""What the API server fills in before it stores: the defaults of Kubernetes 1.33.

Source: `pkg/apis/core/v1/defaults.go`, `pkg/apis/admissionregistration/v1/defaults.go`. Each function changes the
object it is given, which must be typed (see `schema`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping

from app.flow.model import JsonObject
from app.world.apiserver.types import stored_kinds, workload_defaults

FILE_MODE = 0o644


def _image_pull_policy(image: str) -> str:
    without_digest, at, _ = image.partition("@")
    tag = without_digest.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or not (tag or at) else "IfNotPresent"


def _probe(probe: JsonObject) -> None:
    for field, value in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        if not probe.get(field):
            probe[field] = value
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")
    _http_get(probe)


def _http_get(handler: JsonObject) -> None:
    if "httpGet" in handler:
        handler["httpGet"].setdefault("path", "/")
        handler["httpGet"].setdefault("scheme", "HTTP")


def _field_reference(holder: JsonObject) -> None:
    if "fieldRef" in holder:
        holder["fieldRef"].setdefault("apiVersion", "v1")


def _container(container: JsonObject) -> None:
    container.setdefault("imagePullPolicy", _image_pull_policy(container.get("image", "")))
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    for port in container.get("ports", []):
        port.setdefault("protocol", "TCP")
    for variable in container.get("env", []):
        _field_reference(variable.get("valueFrom", {}))
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _probe(container[name])
    for handler in container.get("lifecycle", {}).values():
        if isinstance(handler, dict):
            _http_get(handler)


def _downward(items: list[JsonObject]) -> None:
    for item in items:
        _field_reference(item)


def _volume(volume: JsonObject) -> None:
    if volume.keys() <= {"name"}:
        volume["emptyDir"] = {}
    for kind in ("secret", "configMap", "downwardAPI", "projected"):
        if kind in volume:
            volume[kind].setdefault("defaultMode", FILE_MODE)
    _downward(volume.get("downwardAPI", {}).get("items", []))
    for source in volume.get("projected", {}).get("sources", []):
        _downward(source.get("downwardAPI", {}).get("items", []))
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")


def containers_of(spec: JsonObject) -> Iterator[JsonObject]:
    """Init containers, then containers."""
    yield from spec.get("initContainers", [])
    yield from spec.get("containers", [])


def all_containers_of(spec: JsonObject) -> Iterator[JsonObject]:
    """Init containers, then containers, then ephemeral containers."""
    yield from containers_of(spec)
    yield from spec.get("ephemeralContainers", [])


def _pod(pod: JsonObject) -> None:
    _template(pod)
    spec = pod["spec"]
    for container in containers_of(spec):
        resources = container["resources"]
        if "limits" in resources:
            resources["requests"] = {**resources["limits"], **resources.get("requests", {})}
    spec.setdefault("enableServiceLinks", True)


def _template(pod: JsonObject) -> None:
    """The defaults that the template of a Pod has, too (`SetDefaults_PodSpec`)."""
    spec = pod.setdefault("spec", {})
    # The deprecated `serviceAccount` mirrors the name in both directions.
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in all_containers_of(spec):
        _container(container)
        if spec.get("hostNetwork"):
            for port in container.get("ports", []):
                port.setdefault("hostPort", port.get("containerPort", 0))
    for volume in spec.get("volumes", []):
        _volume(volume)
    workload_defaults.fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
        securityContext={},
    )


def _namespace(namespace: JsonObject) -> None:
    metadata = namespace.setdefault("metadata", {})
    if metadata.get("name"):
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]


def _secret(secret: JsonObject) -> None:
    secret.setdefault("type", "Opaque")
    for key, value in secret.pop("stringData", {}).items():
        secret.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


def _event(event: JsonObject) -> None:
    event.setdefault("eventTime", None)
    event.setdefault("source", {})
    event.setdefault("reportingComponent", "")
    event.setdefault("reportingInstance", "")


def _webhooks(configuration: JsonObject) -> None:
    for webhook in configuration.get("webhooks", []):
        webhook.setdefault("failurePolicy", "Fail")
        webhook.setdefault("matchPolicy", "Equivalent")
        webhook.setdefault("namespaceSelector", {})
        webhook.setdefault("objectSelector", {})
        webhook.setdefault("timeoutSeconds", 10)
        webhook.setdefault("reinvocationPolicy", "Never")
        service = webhook.get("clientConfig", {}).get("service")
        if service is not None:
            service.setdefault("port", 443)
        for rule in webhook.get("rules", []):
            rule.setdefault("scope", "*")


_DEFAULTS: Mapping[str, Callable[[JsonObject], None]] = {
    "Event": _event,
    "MutatingWebhookConfiguration": _webhooks,
    "Namespace": _namespace,
    "Pod": _pod,
    "Secret": _secret,
    **stored_kinds.DEFAULTS,
}


def apply_defaults(body: JsonObject) -> None:
    """Fills in what the object's kind has defaults for."""
    kind = body["kind"]
    if kind in workload_defaults.SPECS:
        spec = body.setdefault("spec", {})
        workload_defaults.SPECS[kind](spec)
        if "template" in spec:
            _template(spec["template"])
    elif kind in ("RoleBinding", "ClusterRoleBinding"):
        workload_defaults.fill_binding(body)
    elif fill := _DEFAULTS.get(kind):
        fill(body)


_ZERO = re.compile(r"[+-]?0*(\.0*)?([a-zA-Z]|$)")


def quality_of_service(spec: JsonObject) -> str:
    """The Pod's `qosClass` (`pkg/apis/core/v1/helper/qos`)."""
    containers = list(containers_of(spec))
    asked = [
        {
            name: amount
            for name, amount in container.get("resources", {}).get(kind, {}).items()
            if not _ZERO.match(amount)
        }
        for container in containers
        for kind in ("requests", "limits")
    ]
    if not any(set(amounts) & {"cpu", "memory"} for amounts in asked):
        return "BestEffort"
    requests, limits = asked[::2], asked[1::2]
    guaranteed = all(
        {"cpu", "memory"} <= limit.keys() and all(request.get(name, limit[name]) == limit[name] for name in limit)
        for request, limit in zip(requests, limits, strict=True)
    )
    return "Guaranteed" if guaranteed else "Burstable"
