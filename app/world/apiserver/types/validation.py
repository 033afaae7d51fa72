"""The rules that a typed, defaulted object must keep, with a cause for each one broken.

Source: `pkg/apis/core/validation/validation.go`, `pkg/apis/admissionregistration/validation/validation.go`. The rules
for fields that nothing in this cluster acts upon (affinity, probes, volumes of storage vendors) are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from app.flow.model import JsonObject
from app.world.apiserver.types import errors, names, pod_validation, stored_kinds, workload_validation
from app.world.apiserver.types.codec import check_shape
from app.world.apiserver.types.errors import Cause
from app.world.apiserver.types.resources import Resource
from app.world.apiserver.types.selectors import validate_selector

DATA_LIMIT = 1024 * 1024
"""Bytes of data in a ConfigMap or Secret."""


def _keyed_data(body: JsonObject) -> Iterator[Cause]:
    total = 0
    seen: set[str] = set()
    for field in ("data", "binaryData"):
        for key, value in body.get(field, {}).items():
            yield from names.named(f"{field}[{key}]", key, names.config_key_errors(key))
            if key in seen:
                yield names.invalid_value(f"{field}[{key}]", key, "duplicate of key present in data")
            seen.add(key)
            total += len(value.encode())
    if total > DATA_LIMIT:
        yield names.too_long("", DATA_LIMIT)


_SECRET_KEYS: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
"""What a Secret of a type must contain."""
_ACCOUNT_NAME = "kubernetes.io/service-account.name"


def _secret(secret: JsonObject) -> Iterator[Cause]:
    yield from _keyed_data(secret)
    kind, data = secret.get("type", ""), secret.get("data", {})
    for key in _SECRET_KEYS.get(kind, ()):
        if key not in data:
            yield names.required(f"data[{key}]")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        yield from (names.required(f"data[{key}]") for key in ("username", "password"))
    annotations = secret["metadata"].get("annotations", {})
    if kind == "kubernetes.io/service-account-token" and not annotations.get(_ACCOUNT_NAME):
        yield names.required(f"metadata.annotations[{_ACCOUNT_NAME}]")


def _event(event: JsonObject) -> Iterator[Cause]:
    involved = event.get("involvedObject", {})
    namespace = event["metadata"].get("namespace", "")
    if involved.get("namespace", "") not in (namespace, "" if namespace == "default" else namespace):
        yield names.invalid_value(
            "involvedObject.namespace", involved.get("namespace", ""), "does not match event.namespace"
        )


def _webhooks(configuration: JsonObject) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, webhook in enumerate(configuration.get("webhooks", [])):
        field = f"webhooks[{index}]"
        yield from _webhook(webhook, field)
        name = webhook.get("name", "")
        if name in seen:
            yield names.duplicate(f"{field}.name", name)
        seen.add(name)


_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_CHOICES = (
    ("failurePolicy", ("Fail", "Ignore")),
    ("matchPolicy", ("Equivalent", "Exact")),
    ("reinvocationPolicy", ("IfNeeded", "Never")),
)


def _webhook(webhook: JsonObject, field: str) -> Iterator[Cause]:
    name = webhook.get("name", "")
    if not name:
        yield names.required(f"{field}.name")
    elif wrong := names.subdomain_errors(name):
        yield names.invalid_value(f"{field}.name", name, ",".join(wrong))
    elif name.count(".") < 2:
        yield names.invalid_value(
            f"{field}.name", name, "should be a domain with at least three segments separated by dots"
        )
    versions = webhook.get("admissionReviewVersions", [])
    if not versions:
        yield names.required(f"{field}.admissionReviewVersions", "must specify one of v1, v1beta1")
    elif not {"v1", "v1beta1"} & set(versions):
        shown = "must include at least one of v1, v1beta1"
        yield names.invalid_value(f"{field}.admissionReviewVersions", versions, shown)
    effects = webhook.get("sideEffects")
    if not effects:
        yield names.required(f"{field}.sideEffects", "must specify one of None, NoneOnDryRun")
    elif effects not in ("None", "NoneOnDryRun"):
        yield names.unsupported(f"{field}.sideEffects", effects, ("None", "NoneOnDryRun"))
    for choice, supported in _CHOICES:
        if webhook.get(choice) not in supported:
            yield names.unsupported(f"{field}.{choice}", webhook.get(choice), supported)
    if not 1 <= webhook.get("timeoutSeconds", 10) <= 30:
        why = "the timeout value must be between 1 and 30 seconds"
        yield names.invalid_value(f"{field}.timeoutSeconds", webhook["timeoutSeconds"], why)
    for selector in ("namespaceSelector", "objectSelector"):
        yield from validate_selector(webhook.get(selector, {}), f"{field}.{selector}")
    if webhook.get("matchConditions"):
        yield names.forbidden(f"{field}.matchConditions", "this simulated API server evaluates no CEL expressions")
    yield from _rules(webhook.get("rules", []), field)
    yield from _client(webhook.get("clientConfig", {}), f"{field}.clientConfig")


def _rules(rules: list[JsonObject], field: str) -> Iterator[Cause]:
    for index, rule in enumerate(rules):
        for name in ("operations", "apiGroups", "apiVersions", "resources"):
            if not rule.get(name):
                yield names.required(f"{field}.rules[{index}].{name}")
        for at, operation in enumerate(rule.get("operations", [])):
            if operation not in _OPERATIONS:
                yield names.unsupported(f"{field}.rules[{index}].operations[{at}]", operation, _OPERATIONS)
        if rule.get("scope") not in ("*", "Cluster", "Namespaced"):
            yield names.unsupported(f"{field}.rules[{index}].scope", rule.get("scope"), ("*", "Cluster", "Namespaced"))


def _client(client: JsonObject, field: str) -> Iterator[Cause]:
    if ("url" in client) == ("service" in client):
        yield names.required(field, "exactly one of url or service is required")
    elif "url" in client:
        yield from names.named(f"{field}.url", client["url"], _url_errors(client["url"]))
    else:
        for name in ("name", "namespace"):
            if not client["service"].get(name):
                yield names.required(f"{field}.service.{name}", f"service {name} is required")


_URL_FORM = "; desired format: https://host[/path]"


def _url_errors(url: str) -> list[str]:
    """What is wrong with a webhook's URL (k8s.io/apiserver `pkg/util/webhook/validation.go`)."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return [f"url must be a valid URL: {error}{_URL_FORM}"]
    wrong = []
    if parts.scheme != "https":
        wrong.append(f"'https' is the only allowed URL scheme{_URL_FORM}")
    if not host:
        wrong.append(f"host must be specified{_URL_FORM}")
    if parts.username is not None:
        wrong.append("user information is not permitted in the URL")
    if parts.fragment:
        wrong.append("fragments are not permitted in the URL")
    if parts.query:
        wrong.append("query parameters are not permitted in the URL")
    return wrong


_RULES: Mapping[str, Callable[[JsonObject], Iterator[Cause]]] = {
    "configmaps": _keyed_data,
    "events": _event,
    "mutatingwebhookconfigurations": _webhooks,
    "pods": pod_validation.validate_pod,
    "secrets": _secret,
    **stored_kinds.RULES,
    **workload_validation.RULES,
}


_NAMES: Mapping[str, Callable[[str], list[str]]] = {
    "namespaces": names.label_errors,
    **dict.fromkeys(("clusterrolebindings", "clusterroles", "rolebindings", "roles"), names.path_segment_errors),
}
"""By the plural name, what is wrong with a name where it need not be a DNS subdomain."""


def _immutable_data(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    if old.get("type") != new.get("type"):
        yield names.invalid_value("type", new.get("type", ""), "field is immutable")
    if old.get("immutable"):
        if not new.get("immutable"):
            yield names.forbidden("immutable", "field is immutable when `immutable` is set")
        for field in ("data", "binaryData"):
            if old.get(field) != new.get(field):
                yield names.forbidden(field, "field is immutable when `immutable` is set")


_UPDATE_RULES: Mapping[str, Callable[[JsonObject, JsonObject], Iterator[Cause]]] = {
    "configmaps": _immutable_data,
    "pods": pod_validation.validate_pod_update,
    "pods/ephemeralcontainers": pod_validation.validate_ephemeral_update,
    "secrets": _immutable_data,
    **workload_validation.UPDATE_RULES,
}


def _new_finalizers(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    """An object that is being deleted gets no other finalizers."""
    added = sorted(set(new.get("finalizers", [])) - set(old.get("finalizers", [])))
    if added:
        why = "no new finalizers can be added if the object is being deleted, found new finalizers"
        yield names.forbidden("metadata.finalizers", f"{why} []string{{{', '.join(map(json.dumps, added))}}}")


def validate(resource: Resource, body: JsonObject, old: JsonObject | None = None, *, subresource: str = "") -> None:
    """Raises `ApiError` 422 with every cause, 413 for too many values. `old` is what an update of the object, or of one
    of its subresources, replaces."""
    check_shape(body)
    causes = list(names.validate_metadata(body["metadata"], _NAMES.get(resource.plural, names.subdomain_errors)))
    rules = _RULES.get(resource.plural)
    if rules:
        causes += rules(body)
    if old is None and resource.plural == "pods":
        causes += pod_validation.validate_new_pod(body)
    if old is not None and old["metadata"].get("deletionTimestamp"):
        causes += _new_finalizers(old["metadata"], body["metadata"])
    changed = _UPDATE_RULES.get(f"{resource.plural}/{subresource}") or _UPDATE_RULES.get(resource.plural)
    if old is not None and changed:
        causes += changed(old, body)
    if causes:
        raise errors.invalid(resource.kind, resource.group, body["metadata"].get("name", ""), causes)
