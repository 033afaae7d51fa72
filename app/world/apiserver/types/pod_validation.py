"""The rules for Pods (`ValidatePodSpec` and `ValidatePodUpdate` in `pkg/apis/core/validation/validation.go`)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from app.flow.model import JsonObject
from app.world.apiserver.types import names
from app.world.apiserver.types.errors import Cause
from app.world.apiserver.types.schema import TYPES

MIN_TOKEN_SECONDS = 600
MAX_TOKEN_SECONDS = 2**32
CONTAINERS_LIMIT = 20
"""Containers of one Pod, of all three kinds together: each costs the node a process, events and a log."""
_MAX_ID = 2**31 - 1
_VOLUME_SOURCES = TYPES["Volume"].keys() - {"name"}
_PROJECTIONS = TYPES["VolumeProjection"].keys()
_ENVIRONMENT_TEXT = "a valid environment variable name must consist only of printable ASCII characters other than '='"


def token_seconds_errors(seconds: int) -> list[str]:
    """What is wrong with the life of a token."""
    if seconds < MIN_TOKEN_SECONDS:
        return ["may not specify a duration less than 10 minutes"]
    return [] if seconds <= MAX_TOKEN_SECONDS else ["may not specify a duration larger than 2^32 seconds"]


def _choice(holder: JsonObject, name: str, field: str, supported: tuple[str, ...]) -> Iterator[Cause]:
    if name in holder and holder[name] not in supported:
        yield names.unsupported(f"{field}.{name}", holder[name], supported)


def _unique(seen: set[Any], value: Any, field: str) -> Iterator[Cause]:
    if value in seen:
        yield names.duplicate(field, value)
    seen.add(value)


def _labelled(value: str, field: str, seen: set[Any]) -> Iterator[Cause]:
    """A name that must be there, be a DNS label and be unique."""
    if not value:
        yield names.required(field)
    else:
        yield from names.named(field, value, names.label_errors(value))
        yield from _unique(seen, value, field)


def validate_pod(pod: JsonObject) -> Iterator[Cause]:
    """The causes against a Pod."""
    spec = pod["spec"]
    volumes: set[str] = set()
    for index, volume in enumerate(spec.get("volumes", [])):
        yield from _volume(volume, f"spec.volumes[{index}]", volumes)
    if not spec.get("containers"):
        yield names.required("spec.containers")
    count = sum(len(spec.get(group, [])) for group in ("initContainers", "containers", "ephemeralContainers"))
    if count > CONTAINERS_LIMIT:
        yield names.too_many(
            "spec.containers", count, CONTAINERS_LIMIT, "containers of all kinds on this simulated node"
        )
    seen: set[Any] = set()
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group, [])):
            yield from _container(container, f"spec.{group}[{index}]", seen, volumes)
            if container.get("restartPolicy") not in ((None, "Always") if group == "initContainers" else (None,)):
                if group == "containers":
                    yield names.forbidden(
                        f"spec.{group}[{index}].restartPolicy", "may not be set for non-init containers"
                    )
                else:
                    field = f"spec.{group}[{index}].restartPolicy"
                    yield names.unsupported(field, container["restartPolicy"], ("Always",))
    yield from _choice(spec, "restartPolicy", "spec", ("Always", "Never", "OnFailure"))
    yield from _choice(spec, "dnsPolicy", "spec", ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"))
    for field in ("serviceAccountName", "nodeName"):
        if spec.get(field):
            yield from names.named(f"spec.{field}", spec[field], names.subdomain_errors(spec[field]))
    if spec.get("hostname"):
        yield from names.named("spec.hostname", spec["hostname"], names.label_errors(spec["hostname"]))
    if spec.get("terminationGracePeriodSeconds", 0) < 0:
        value = spec["terminationGracePeriodSeconds"]
        yield names.invalid_value("spec.terminationGracePeriodSeconds", value, "must be greater than or equal to 0")
    if not 1 <= spec.get("activeDeadlineSeconds", 1) <= _MAX_ID:
        value = spec["activeDeadlineSeconds"]
        yield names.invalid_value("spec.activeDeadlineSeconds", value, f"must be between 1 and {_MAX_ID}, inclusive")
    yield from names.validate_labels(spec.get("nodeSelector", {}), "spec.nodeSelector")
    yield from _security(spec.get("securityContext", {}), "spec.securityContext")


def validate_new_pod(pod: JsonObject) -> Iterator[Cause]:
    """The further causes against a Pod that is created (`ValidatePodCreate`)."""
    spec = pod["spec"]
    if spec.get("ephemeralContainers"):
        yield names.forbidden("spec.ephemeralContainers", "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        yield names.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


def _security(context: JsonObject, field: str) -> Iterator[Cause]:
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        if not 0 <= context.get(name, 0) <= _MAX_ID:
            yield names.invalid_value(f"{field}.{name}", context[name], f"must be between 0 and {_MAX_ID}, inclusive")


def _container(container: JsonObject, field: str, seen: set[Any], volumes: set[str]) -> Iterator[Cause]:
    yield from _labelled(container.get("name", ""), f"{field}.name", seen)
    image = container.get("image", "")
    if not image:
        yield names.required(f"{field}.image")
    elif image != image.strip():
        yield names.invalid_value(f"{field}.image", image, "must not have leading or trailing whitespace")
    yield from _choice(container, "imagePullPolicy", field, ("Always", "IfNotPresent", "Never"))
    yield from _choice(container, "terminationMessagePolicy", field, ("FallbackToLogsOnError", "File"))
    for index, variable in enumerate(container.get("env", [])):
        yield from _variable(variable, f"{field}.env[{index}]")
    paths: set[Any] = set()
    for index, mount in enumerate(container.get("volumeMounts", [])):
        here = f"{field}.volumeMounts[{index}]"
        name, path = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield names.required(f"{here}.name")
        elif name not in volumes:
            yield names.not_found(f"{here}.name", name)
        if not path:
            yield names.required(f"{here}.mountPath")
        elif path in paths:
            yield names.invalid_value(f"{here}.mountPath", path, "must be unique")
        paths.add(path)
        # The server names no index where it is about the path.
        yield from _local_path(mount.get("subPath", ""), f"{field}.volumeMounts.subPath")
        if mount.get("subPath") and mount.get("subPathExpr"):
            sentence = "subPathExpr and subPath are mutually exclusive"
            yield names.invalid_value(f"{here}.subPathExpr", mount["subPathExpr"], sentence)
        yield from _local_path(mount.get("subPathExpr", ""), f"{field}.volumeMounts.subPathExpr")
    for index, port in enumerate(container.get("ports", [])):
        number = port.get("containerPort", 0)
        if not 1 <= number <= 65535:
            yield names.invalid_value(
                f"{field}.ports[{index}].containerPort", number, "must be between 1 and 65535, inclusive"
            )
        yield from _choice(port, "protocol", f"{field}.ports[{index}]", ("SCTP", "TCP", "UDP"))
    yield from _security(container.get("securityContext", {}), f"{field}.securityContext")


_VARIABLES = (
    *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"),
    *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
"""The fields of a Pod that a variable may have."""
_NO_VARIABLE = ("metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase")
"""Fields that exist, but of which no variable is made."""


def _variable(variable: JsonObject, field: str) -> Iterator[Cause]:
    name = variable.get("name", "")
    if not name:
        yield names.required(f"{field}.name")
    elif not re.fullmatch(r"[ -<>-~]+", name):
        yield names.invalid_value(f"{field}.name", name, _ENVIRONMENT_TEXT)
    source = variable.get("valueFrom")
    if source is not None:
        if variable.get("value"):
            yield names.invalid_value(f"{field}.valueFrom", "", "may not be specified when `value` is not empty")
        elif len(source) != 1:
            text = (
                "may not have more than one field specified at a time"
                if source
                else "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
            )
            yield names.invalid_value(f"{field}.valueFrom", "", text)
        if "fieldRef" in source:
            yield from _field_reference(source["fieldRef"].get("fieldPath", ""), f"{field}.valueFrom.fieldRef")


def _field_reference(path: str, field: str) -> Iterator[Cause]:
    """The causes against the field of a Pod that a variable takes its value from."""
    subscript = re.fullmatch(r"(.*)\['(.*)'\]", path, re.DOTALL)
    if not path:
        yield names.required(f"{field}.fieldPath")
    elif subscript is not None and subscript[1] in ("metadata.annotations", "metadata.labels"):
        key = subscript[2]
        checked = key.lower() if subscript[1] == "metadata.annotations" else key
        yield from names.named(field, key, names.qualified_name_errors(checked))
    elif path in _NO_VARIABLE:
        yield names.unsupported(f"{field}.fieldPath", path, _VARIABLES)
    elif path not in _VARIABLES:
        why = "does not support subscript" if subscript is not None else "not supported"
        yield names.invalid_value(f"{field}.fieldPath", path, f"error converting fieldPath: field label {why}: {path}")


def _local_path(path: str, field: str) -> Iterator[Cause]:
    if posixpath.isabs(path):
        yield names.invalid_value(field, path, "must be a relative path")
    if ".." in path.split("/"):
        yield names.invalid_value(field, path, "must not contain '..'")


def _volume(volume: JsonObject, field: str, seen: set[str]) -> Iterator[Cause]:
    yield from _labelled(volume.get("name", ""), f"{field}.name", seen)
    sources = sorted(_VOLUME_SOURCES & volume.keys())
    for source in sources[1:]:
        yield names.forbidden(f"{field}.{source}", "may not specify more than 1 volume type")
    for source in ("secret", "configMap", "downwardAPI", "projected"):
        if source in volume:
            yield from _modes(volume[source], f"{field}.{source}")
    if "secret" in volume and not volume["secret"].get("secretName"):
        yield names.required(f"{field}.secret.secretName")
    if "configMap" in volume and not volume["configMap"].get("name"):
        yield names.required(f"{field}.configMap.name")
    for index, source in enumerate(volume.get("projected", {}).get("sources", [])):
        yield from _projection(source, f"{field}.projected.sources[{index}]")


def _modes(source: JsonObject, field: str) -> Iterator[Cause]:
    if not 0 <= source.get("defaultMode", 0) <= 0o777:
        text = "must be a number between 0 and 0777 (octal), both inclusive"
        yield names.invalid_value(f"{field}.defaultMode", source["defaultMode"], text)
    for index, item in enumerate(source.get("items", [])):
        yield from _item(item, f"{field}.items[{index}]")


def _item(item: JsonObject, field: str) -> Iterator[Cause]:
    if not item.get("path"):
        yield names.required(f"{field}.path")
    else:
        yield from _local_path(item["path"], f"{field}.path")
    if not 0 <= item.get("mode", 0) <= 0o777:
        text = "must be a number between 0 and 0777 (octal), both inclusive"
        yield names.invalid_value(f"{field}.mode", item["mode"], text)


def _projection(source: JsonObject, field: str) -> Iterator[Cause]:
    kinds = sorted(_PROJECTIONS & source.keys())
    if not kinds:
        yield names.required(field, "must specify a projection")
    for kind in kinds[1:]:
        yield names.forbidden(f"{field}.{kind}", "may not specify more than 1 volume type per source")
    for kind in ("secret", "configMap", "downwardAPI"):
        if kind in source:
            yield from _modes(source[kind], f"{field}.{kind}")
            if kind != "downwardAPI" and not source[kind].get("name"):
                yield names.required(f"{field}.{kind}.name")
    token = source.get("serviceAccountToken")
    if token is not None:
        here = f"{field}.serviceAccountToken"
        seconds = token["expirationSeconds"]
        yield from (
            names.invalid_value(f"{here}.expirationSeconds", seconds, why) for why in token_seconds_errors(seconds)
        )
        if not token.get("path"):
            yield names.required(f"{here}.path")
        else:
            yield from _local_path(token["path"], f"{here}.path")


_MUTABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _frozen(spec: JsonObject) -> JsonObject:
    def without_image(containers: list[JsonObject]) -> list[JsonObject]:
        return [{key: value for key, value in container.items() if key != "image"} for container in containers]

    mutable = ("activeDeadlineSeconds", "schedulingGates", "tolerations")
    rest = {key: value for key, value in spec.items() if key not in mutable}
    for group in ("containers", "initContainers"):
        rest[group] = without_image(spec.get(group, []))
    return rest


def validate_pod_update(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    """The causes against a change of a Pod."""
    before, after = old["spec"], new["spec"]
    deadline, seconds = before.get("activeDeadlineSeconds"), after.get("activeDeadlineSeconds")
    if deadline is not None and seconds is None:
        why = "must not update from a positive integer to nil value"
        yield names.invalid_value("spec.activeDeadlineSeconds", None, why)
    elif deadline is not None and seconds > deadline:
        yield names.invalid_value("spec.activeDeadlineSeconds", seconds, "must be less than or equal to previous value")
        return
    kept = [{**toleration, "tolerationSeconds": 0} for toleration in after.get("tolerations", [])]
    if any({**toleration, "tolerationSeconds": 0} not in kept for toleration in before.get("tolerations", [])):
        yield names.forbidden(
            "spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"
        )
    gates = [gate for gate in after.get("schedulingGates", []) if gate not in before.get("schedulingGates", [])]
    if gates:
        why = f"only deletion is allowed, but found new scheduling gate '{gates[0].get('name', '')}'"
        yield names.forbidden("spec.schedulingGates", why)
    if _frozen(before) != _frozen(after):
        yield names.forbidden("spec", _MUTABLE)
