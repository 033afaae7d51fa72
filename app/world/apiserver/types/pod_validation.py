"""The rules for Pods (`ValidatePodSpec` and `ValidatePodUpdate` in `pkg/apis/core/validation/validation.go`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.flow.model import JsonObject
from app.world.apiserver.types import names
from app.world.apiserver.types.errors import Cause
from app.world.apiserver.types.quantities import quantity
from app.world.apiserver.types.schema import Decoder
from app.world.apiserver.types.variable_validation import validate_variable, validate_variables_from
from app.world.apiserver.types.volume_validation import choice, labelled, local_path, validate_volume

CONTAINERS_LIMIT = 20
"""Containers of one Pod, of all three kinds together: each costs the node a process, events and a log."""
_MAX_ID = 2**31 - 1
NODE_RESOURCES = ("cpu", "ephemeral-storage", "memory")
"""The resources that a container may request and be limited to by their plain names."""


def validate_pod(pod: JsonObject) -> Iterator[Cause]:
    """The causes against a Pod."""
    spec = pod["spec"]
    volumes: set[str] = set()
    for index, volume in enumerate(spec.get("volumes", [])):
        yield from validate_volume(volume, f"spec.volumes[{index}]", volumes)
    if not spec.get("containers"):
        yield names.required("spec.containers")
    count = sum(len(spec.get(group, [])) for group in ("initContainers", "containers", "ephemeralContainers"))
    if count > CONTAINERS_LIMIT:
        yield names.too_many(
            "spec.containers", count, CONTAINERS_LIMIT, "containers of all kinds on this simulated node"
        )
    seen: set[Any] = set()
    for group in ("containers", "initContainers"):
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
    yield from _ephemeral_containers(spec, seen, volumes)
    yield from choice(spec, "restartPolicy", "spec", ("Always", "OnFailure", "Never"))
    yield from choice(spec, "dnsPolicy", "spec", ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"))
    for field in ("serviceAccountName", "nodeName"):
        if spec.get(field):
            yield from names.named(f"spec.{field}", spec[field], names.subdomain_errors(spec[field]))
    if spec.get("hostname"):
        yield from names.named("spec.hostname", spec["hostname"], names.label_errors(spec["hostname"]))
    if not 1 <= spec.get("activeDeadlineSeconds", 1) <= _MAX_ID:
        value = spec["activeDeadlineSeconds"]
        yield names.invalid_value("spec.activeDeadlineSeconds", value, f"must be between 1 and {_MAX_ID}, inclusive")
    yield from names.validate_labels(spec.get("nodeSelector", {}), "spec.nodeSelector")
    yield from _security(spec.get("securityContext", {}), "spec.securityContext")
    yield from choice(
        spec.get("securityContext", {}), "fsGroupChangePolicy", "spec.securityContext", ("Always", "OnRootMismatch")
    )


def validate_new_pod(pod: JsonObject) -> Iterator[Cause]:
    """The further causes against a Pod that is created (`ValidatePodCreate`)."""
    spec = pod["spec"]
    if spec.get("ephemeralContainers"):
        yield names.forbidden("spec.ephemeralContainers", "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        yield names.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


_NOT_EPHEMERAL = (
    *("lifecycle", "livenessProbe", "ports", "readinessProbe", "resizePolicy", "resources", "restartPolicy"),
    "startupProbe",
)
"""The fields of a container that an ephemeral one may not have (`allowedEphemeralContainerFields`)."""


def _ephemeral_containers(spec: JsonObject, seen: set[Any], volumes: set[str]) -> Iterator[Cause]:
    """`validateEphemeralContainers`. `seen`: the names of the other containers."""
    others = set(seen)
    for index, container in enumerate(spec.get("ephemeralContainers", [])):
        field = f"spec.ephemeralContainers[{index}]"
        yield from _container(container, field, seen, volumes)
        target, why = container.get("targetContainerName", ""), "cannot be set for an Ephemeral Container"
        if target and target not in others:
            yield names.not_found(f"{field}.targetContainerName", target)
        yield from (names.forbidden(f"{field}.{name}", why) for name in _NOT_EPHEMERAL if container.get(name))
        for number, mount in enumerate(container.get("volumeMounts", [])):
            for name in ("subPath", "subPathExpr"):
                if mount.get(name):
                    yield names.forbidden(f"{field}.volumeMounts[{number}].{name}", why)


def _security(context: JsonObject, field: str) -> Iterator[Cause]:
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        if not 0 <= context.get(name, 0) <= _MAX_ID:
            yield names.invalid_value(f"{field}.{name}", context[name], f"must be between 0 and {_MAX_ID}, inclusive")
    for index, group in enumerate(context.get("supplementalGroups", [])):
        if not 0 <= group <= _MAX_ID:
            where = f"{field}.supplementalGroups[{index}]"
            yield names.invalid_value(where, group, f"must be between 0 and {_MAX_ID}, inclusive")


def _container(container: JsonObject, field: str, seen: set[Any], volumes: set[str]) -> Iterator[Cause]:
    yield from labelled(container.get("name", ""), f"{field}.name", seen)
    image = container.get("image", "")
    if not image:
        yield names.required(f"{field}.image")
    elif image != image.strip():
        yield names.invalid_value(f"{field}.image", image, "must not have leading or trailing whitespace")
    yield from choice(container, "imagePullPolicy", field, ("Always", "IfNotPresent", "Never"))
    yield from choice(container, "terminationMessagePolicy", field, ("File", "FallbackToLogsOnError"))
    for index, variable in enumerate(container.get("env", [])):
        yield from validate_variable(variable, f"{field}.env[{index}]")
    yield from validate_variables_from(container.get("envFrom", []), f"{field}.envFrom")
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
        yield from local_path(mount.get("subPath", ""), f"{field}.volumeMounts.subPath")
        if mount.get("subPath") and mount.get("subPathExpr"):
            sentence = "subPathExpr and subPath are mutually exclusive"
            yield names.invalid_value(f"{here}.subPathExpr", mount["subPathExpr"], sentence)
        yield from local_path(mount.get("subPathExpr", ""), f"{field}.volumeMounts.subPathExpr")
    for index, port in enumerate(container.get("ports", [])):
        number = port.get("containerPort", 0)
        if not 1 <= number <= 65535:
            yield names.invalid_value(
                f"{field}.ports[{index}].containerPort", number, "must be between 1 and 65535, inclusive"
            )
        yield from choice(port, "protocol", f"{field}.ports[{index}]", ("SCTP", "TCP", "UDP"))
    yield from _resources(container.get("resources", {}), f"{field}.resources")
    yield from _security(container.get("securityContext", {}), f"{field}.securityContext")


def _resources(resources: JsonObject, field: str) -> Iterator[Cause]:
    """`ValidateContainerResourceRequirements`, as far as it is about the node's own resources."""
    limits = resources.get("limits", {})
    for kind in ("limits", "requests"):
        for name, amount in sorted(resources.get(kind, {}).items()):
            here = f"{field}.{kind}[{name}]"
            if "/" not in name and name not in NODE_RESOURCES and not name.startswith("hugepages-"):
                yield names.invalid_value(here, name, "must be a standard resource type or fully qualified")
                yield names.invalid_value(here, name, "must be a standard resource for containers")
            if quantity(amount) < 0:
                yield names.invalid_value(here, amount, "must be greater than or equal to 0")
            if kind == "requests" and name in NODE_RESOURCES and quantity(amount) > quantity(limits.get(name, amount)):
                why = f"must be less than or equal to {name} limit of {limits[name]}"
                yield names.invalid_value(f"{field}.requests", amount, why)


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
    # What an earlier version of this app has stored is read as a request: its quantities may be in another form.
    if _frozen(Decoder().decode("PodSpec", before)) != _frozen(after):
        yield names.forbidden("spec", _MUTABLE)


def validate_ephemeral_update(old: JsonObject, new: JsonObject) -> Iterator[Cause]:
    """The causes against a change of a Pod's ephemeral containers (`ValidatePodEphemeralContainersUpdate`)."""
    wanted = {container.get("name"): container for container in new["spec"].get("ephemeralContainers", [])}
    for container in old["spec"].get("ephemeralContainers", []):
        name = container["name"]
        if wanted.get(name) != container:
            verb = "changed" if name in wanted else "removed"
            why = f'existing ephemeral containers "{name}" may not be {verb}\n'
            yield names.forbidden("spec.ephemeralContainers", why)
