"""The environment of a container, as the kubelet makes it (`kubelet_pods.go` `makeEnvironmentVariables`)."""

from __future__ import annotations

import base64
import binascii
import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.types.go_text import go_quoted
from app.world.node.programs.resource_fields import resource_value

if TYPE_CHECKING:
    from app.world.apiserver.storage.state import ClusterState

PROCESS_LIMIT = 64 * 1024
"""Characters of all variables and arguments of one process, each counted with its end and a pointer, as Linux does.

On Linux the limit is 2 MiB (ARG_MAX), and 128 KiB for each of them. Here a world keeps hundreds of processes.
"""
_STRING_COST = 9
"""Bytes that Linux counts for each string beside its characters: a zero and a pointer."""
TOO_LONG = "argument list too long"
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")


class ConfigError(Exception):
    """A container cannot be created because something that it refers to does not exist. The text is the kubelet's."""


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` becomes the variable's value where there is one and stays where not; `$$` becomes `$`.

    Raises `ConfigError` for what is, or grows, longer than `PROCESS_LIMIT`. Source:
    `third_party/forked/golang/expansion/expand.go`.
    """
    if len(text) > PROCESS_LIMIT:
        raise ConfigError(TOO_LONG)
    pieces: list[str] = []
    size = end = 0
    for begin, until, name in _references(text):
        value = "$" if name is None else variables.get(name, text[begin:until])
        pieces += (text[end:begin], value)
        size += len(pieces[-2]) + len(value)
        end = until
        if size > PROCESS_LIMIT:
            raise ConfigError(TOO_LONG)
    pieces.append(text[end:])
    return "".join(pieces)


def _references(text: str) -> Iterator[tuple[int, int, str | None]]:
    """Each `$$` and `$(NAME)`: where it begins, where it ends, and the name; None for `$$`.

    A name goes to the first bracket that closes, whatever is in it.
    """
    at, closes = text.find("$"), 0
    while at >= 0:
        until = at + 1
        if text.startswith("$", at + 1):
            until = at + 2
            yield at, until, None
        elif text.startswith("(", at + 1) and closes >= 0:  # looked for no more where none was found
            closes = text.find(")", at + 2)
            if closes >= 0:
                until = closes + 1
                yield at, until, text[at + 2 : closes]
        at = text.find("$", until)


def sub_path(mount: JsonObject, variables: Mapping[str, str]) -> str:
    """What of a volume is mounted: its `subPath`, or its `subPathExpr` expanded; empty for all of it. Raises
    `ConfigError`.

    Source: `ExpandContainerVolumeMounts` in `pkg/kubelet/container/helpers.go`, `pkg/volume/validation`.
    """
    path, expression = mount.get("subPath") or "", mount.get("subPathExpr") or ""
    if len(expression) > PROCESS_LIMIT:
        raise ConfigError(TOO_LONG)
    missing = {name for _, _, name in _references(expression) if name is not None}
    if missing := {name for name in missing if not variables.get(name)}:
        raise ConfigError(f"missing value for {', '.join(sorted(missing))}")
    path = expand(expression, variables) or path
    if path.startswith("/"):
        raise ConfigError(f"error SubPath `{path}` must not be an absolute path")
    if ".." in path.split("/"):
        raise ConfigError(f"unable to provision SubPath `{path}`: must not contain '..'")
    return path


def field_value(pod: JsonObject, path: str) -> str:
    """The Pod's field that a `fieldRef` names (`pkg/fieldpath/fieldpath.go`). Raises `ConfigError`."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
    if subscript := _SUBSCRIPT.fullmatch(path):
        return str((metadata.get(subscript[1]) or {}).get(subscript[2], ""))
    match path:
        case "metadata.name" | "metadata.namespace" | "metadata.uid":
            return str(metadata.get(path.removeprefix("metadata."), ""))
        case "metadata.labels" | "metadata.annotations":
            pairs = metadata.get(path.removeprefix("metadata.")) or {}
            return "\n".join(f"{key}={go_quoted(pairs[key])}" for key in sorted(pairs))
        case "spec.nodeName" | "spec.serviceAccountName":
            return str(spec.get(path.removeprefix("spec."), ""))
        case "status.podIP" | "status.hostIP":
            return str(status.get(path.removeprefix("status."), ""))
        case "status.podIPs" | "status.hostIPs":
            return ",".join(str(entry.get("ip", "")) for entry in status.get(path.removeprefix("status.")) or [])
    raise ConfigError(f"unsupported fieldPath: {path}")


def resource_field_value(
    cluster: ClusterState, pod: JsonObject, container: JsonObject | None, reference: JsonObject
) -> str:
    """The limit or request that a `resourceFieldRef` names. Raises `ConfigError`."""
    try:
        return resource_value(cluster, pod, container, reference)
    except ValueError as error:
        raise ConfigError(str(error)) from None


class Entries(Mapping[str, bytes]):
    """The entries of a ConfigMap or Secret, each decoded when it is read first."""

    def __init__(self, resource: str, body: JsonObject) -> None:
        self._resource = resource
        self._text: JsonObject = body.get("data") or {}
        self._binary: JsonObject = body.get("binaryData") or {}

    def __getitem__(self, key: str) -> bytes:
        if key in self._binary:
            return _decoded(self._binary[key])
        value = self._text[key]
        return _decoded(value) if self._resource == "secrets" else str(value).encode("utf-8", "replace")

    def __iter__(self) -> Iterator[str]:
        return iter({**self._text, **self._binary})

    def __len__(self) -> int:
        return len(self._text | self._binary)

    def without_binary(self) -> Entries:
        """The entries that a variable can have: those of `binaryData` become files alone."""
        return Entries(self._resource, {"data": self._text})


def data_of(cluster: ClusterState, resource: str, namespace: str, name: str) -> Entries | None:
    """The entries of a ConfigMap or Secret; None where it does not exist."""
    stored = cluster.find(resource, namespace, name)
    return None if stored is None else Entries(resource, stored.object)


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return b""


def variables(cluster: ClusterState, pod: JsonObject, container: JsonObject) -> dict[str, str]:
    """The variables of `envFrom`, then those of `env`, in their order, with references expanded, then those of the
    Services. Raises `ConfigError`."""
    namespace = pod["metadata"]["namespace"]
    services = _of_services(cluster, pod)
    found = _Variables()
    for source in container.get("envFrom") or []:
        prefix = source.get("prefix") or ""
        for member, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if reference := source.get(member):
                entries = _entries(cluster, resource, namespace, reference)
                for key, value in entries.items():
                    found[prefix + key] = value.decode("utf-8", "replace")
    for entry in container.get("env") or []:
        if (origin := entry.get("valueFrom")) is None:
            found[entry["name"]] = expand(entry.get("value") or "", ChainMap(found, services))
        elif (referred := _referred(cluster, pod, container, origin)) is not None:
            found[entry["name"]] = referred
    return {**found, **{name: value for name, value in services.items() if name not in found}}


def _of_services(cluster: ClusterState, pod: JsonObject) -> dict[str, str]:
    """Where the API server's Service is, and unless `enableServiceLinks` is false those of the Pod's namespace.

    Source: `getServiceEnvVarMap`, and `FromServices` in `pkg/kubelet/envvars`. Raises `ConfigError`.
    """
    services = [cluster.find("services", "default", "kubernetes")]
    if pod["spec"].get("enableServiceLinks", True):
        services += cluster.scan("services", pod["metadata"]["namespace"])
    found = _Variables()
    for stored in services:
        spec = stored.object["spec"] if stored is not None else {}
        if stored is None or (address := spec.get("clusterIP") or "None") == "None":
            continue
        ports = spec.get("ports") or []
        prefix = _variable_name(stored.object["metadata"]["name"])
        found[f"{prefix}_SERVICE_HOST"] = address
        for port in ports[:1]:
            found[f"{prefix}_SERVICE_PORT"] = str(port["port"])
        for port in ports:
            if port.get("name"):
                found[f"{prefix}_SERVICE_PORT_{_variable_name(port['name'])}"] = str(port["port"])
        for number, port in enumerate(ports):
            protocol = port.get("protocol") or "TCP"
            url = f"{protocol.lower()}://{address}:{port['port']}"
            if number == 0:
                found[f"{prefix}_PORT"] = url
            of_port = f"{prefix}_PORT_{port['port']}_{protocol}"
            found[of_port], found[f"{of_port}_PROTO"] = url, protocol.lower()
            found[f"{of_port}_PORT"], found[f"{of_port}_ADDR"] = str(port["port"]), address
    return found


def _variable_name(name: str) -> str:
    return name.upper().replace("-", "_")


class _Variables(dict[str, str]):
    """Variables that together are no more than a process can be given."""

    size = 0

    def __setitem__(self, name: str, value: str) -> None:
        self.size += len(name) + 1 + len(value) + _STRING_COST
        if self.size > PROCESS_LIMIT:
            raise ConfigError(TOO_LONG)
        super().__setitem__(name, value)


def arguments(words: list[str], variables: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a command with their references expanded. Raises `ConfigError` for more than a process can be
    given."""
    expanded: list[str] = []
    size = read = 0
    for word in words:
        read += len(word)
        if read > PROCESS_LIMIT:
            raise ConfigError(TOO_LONG)
        expanded.append(expand(word, variables))
        size += len(expanded[-1]) + _STRING_COST
        if size > PROCESS_LIMIT:
            raise ConfigError(TOO_LONG)
    return tuple(expanded)


def _referred(cluster: ClusterState, pod: JsonObject, container: JsonObject, origin: JsonObject) -> str | None:
    if reference := origin.get("fieldRef"):
        return field_value(pod, reference.get("fieldPath") or "")
    if (reference := origin.get("resourceFieldRef")) is not None:
        return resource_field_value(cluster, pod, container, reference)
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


def _entries(cluster: ClusterState, resource: str, namespace: str, reference: JsonObject) -> Mapping[str, bytes]:
    name = reference.get("name") or ""
    entries = data_of(cluster, resource, namespace, name)
    if entries is None and not reference.get("optional"):
        raise ConfigError(f'{resource.removesuffix("s")} "{name}" not found')
    return entries.without_binary() if entries is not None else {}
