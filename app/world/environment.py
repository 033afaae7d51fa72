"""The environment of a container, as kubelet makes it (`kubelet_pods.go` `makeEnvironmentVariables`)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.world.apiserver.state import ClusterState

JsonObject = dict[str, Any]
_REFERENCE = re.compile(r"\$(\$|\(([^()]*)\))?")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")


class ConfigError(Exception):
    """A container cannot be created: what it refers to is not there. The text is kubelet's."""


def expand(text: str, variables: dict[str, str]) -> str:
    """`$(NAME)` becomes the variable's value where there is one and stays where not; `$$` becomes `$`.

    Source: `third_party/forked/golang/expansion/expand.go`.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        if match[1] is None:
            return "$"
        return variables.get(match[2], match[0])

    return _REFERENCE.sub(value, text)


def field_value(pod: JsonObject, path: str) -> str:
    """The Pod's field that a `fieldRef` names. Raises `ConfigError`."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    if subscript := _SUBSCRIPT.fullmatch(path):
        return str((metadata.get(subscript[1]) or {}).get(subscript[2], ""))
    match path:
        case "metadata.name" | "metadata.namespace" | "metadata.uid":
            return str(metadata.get(path.removeprefix("metadata."), ""))
        case "metadata.labels" | "metadata.annotations":
            pairs = metadata.get(path.removeprefix("metadata.")) or {}
            return "\n".join(f'{key}="{pairs[key]}"' for key in sorted(pairs))
        case "spec.nodeName" | "spec.serviceAccountName":
            return str(spec.get(path.removeprefix("spec."), ""))
        case "status.podIP" | "status.hostIP":
            return str(status.get(path.removeprefix("status."), ""))
        case "status.podIPs" | "status.hostIPs":
            return ",".join(str(entry.get("ip", "")) for entry in status.get(path.removeprefix("status.")) or [])
    raise ConfigError(f"unsupported fieldPath: {path}")


def data_of(cluster: ClusterState, resource: str, namespace: str, name: str) -> dict[str, bytes] | None:
    """The entries of a ConfigMap or Secret; None where it does not exist."""
    stored = cluster.find(resource, namespace, name)
    if stored is None:
        return None
    entries: dict[str, bytes] = {}
    for key, value in (stored.object.get("data") or {}).items():
        entries[key] = _decoded(value) if resource == "secrets" else str(value).encode("utf-8", "replace")
    for key, value in (stored.object.get("binaryData") or {}).items():
        entries[key] = _decoded(value)
    return entries


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return b""


def variables(cluster: ClusterState, pod: JsonObject, container: JsonObject) -> dict[str, str]:
    """`envFrom`, then `env`, in their order, references expanded. Raises `ConfigError`."""
    namespace = pod["metadata"]["namespace"]
    found: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        prefix = source.get("prefix") or ""
        for member, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if reference := source.get(member):
                entries = _entries(cluster, resource, namespace, reference)
                found |= {prefix + key: value.decode("utf-8", "replace") for key, value in entries.items()}
    for entry in container.get("env") or []:
        if (origin := entry.get("valueFrom")) is None:
            found[entry["name"]] = expand(entry.get("value") or "", found)
        elif (value := _referred(cluster, pod, origin)) is not None:
            found[entry["name"]] = value
    return found


def _referred(cluster: ClusterState, pod: JsonObject, origin: JsonObject) -> str | None:
    if reference := origin.get("fieldRef"):
        return field_value(pod, reference.get("fieldPath") or "")
    for member, resource, kind in (
        ("configMapKeyRef", "configmaps", "ConfigMap"),
        ("secretKeyRef", "secrets", "Secret"),
    ):
        if reference := origin.get(member):
            namespace = pod["metadata"]["namespace"]
            key = reference.get("key") or ""
            entries = _entries(cluster, resource, namespace, reference)
            if key in entries:
                return entries[key].decode("utf-8", "replace")
            if reference.get("optional"):
                return None
            raise ConfigError(f"couldn't find key {key} in {kind} {namespace}/{reference.get('name')}")
    raise ConfigError("unsupported valueFrom")


def _entries(cluster: ClusterState, resource: str, namespace: str, reference: JsonObject) -> dict[str, bytes]:
    name = reference.get("name") or ""
    entries = data_of(cluster, resource, namespace, name)
    if entries is None and not reference.get("optional"):
        raise ConfigError(f'{resource.removesuffix("s")} "{name}" not found')
    return entries or {}
