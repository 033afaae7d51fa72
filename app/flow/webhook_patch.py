"""What the pod identity webhook does to a Pod's spec once it knows what to inject, for either kind of credentials.

Source: aws/amazon-eks-pod-identity-webhook at 3bf80a34, pkg/handler/handler.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.flow.container_types import Undecodable, encode_container, encode_list, encode_map, encode_string
from app.flow.model import JsonObject, JsonValue

REGION_VARIABLES = ("AWS_DEFAULT_REGION", "AWS_REGION")
"""botocore reads the first one only; other SDKs read the second."""
STS_VARIABLE = "AWS_STS_REGIONAL_ENDPOINTS"
_OS_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")


@dataclass(frozen=True, kw_only=True)
class Injection:
    """A token in a volume, and variables that lead to it."""

    volume: str
    mount_path: str
    token_file: str
    audience: str
    token_expiration: int
    """Seconds."""
    region: str
    """Empty: no region variable is injected."""
    regional_sts: bool
    skipped: frozenset[str]
    """Containers that are left as they are."""
    source: tuple[str, str]
    """The variable, with its value, that says where the SDK gets credentials for the token."""
    file_variable: str
    """The variable that says where the token is. It comes with the other or not at all."""


def patch(pod: JsonObject, injection: Injection) -> list[JsonObject]:
    """The operations on a Pod's spec, in the webhook's order. Raises `Undecodable`."""
    spec = decoded_object(pod.get("spec"))
    # (1) The containers, init containers and so native sidecars too. Ephemeral ones are left alone.
    token_path = _token_path(spec, injection)
    init_containers, containers = (
        [
            container if container["name"] in injection.skipped else _inject(container, injection, token_path)
            for container in encode_list(spec.get(kind), encode_container)
        ]
        for kind in ("initContainers", "containers")
    )
    # (2) The volume goes first; one of that name is kept, whatever it holds. Containers are always written.
    operations: list[JsonObject] = []
    volumes = spec.get("volumes")
    if injection.volume not in encode_list(volumes, lambda volume: encode_string(decoded_object(volume).get("name"))):
        volume = _token_volume(injection)
        path, value = ("/spec/volumes", [volume]) if volumes is None else ("/spec/volumes/0", volume)
        operations.append({"op": "add", "path": path, "value": value})
    operations.append({"op": "add", "path": "/spec/containers", "value": containers})
    if init_containers:
        operations.append({"op": "add", "path": "/spec/initContainers", "value": init_containers})
    return operations


def decoded_object(value: JsonValue) -> JsonObject:
    """An object, empty where there is none. Raises `Undecodable` for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Undecodable
    return value


def _inject(container: JsonObject, injection: Injection, token_path: str) -> JsonObject:
    """The container with variables and mount appended."""
    names = {variable["name"] for variable in container.get("env", ())}
    has_own = not names.isdisjoint((injection.source[0], injection.file_variable))
    has_region = not names.isdisjoint(REGION_VARIABLES)
    has_sts = STS_VARIABLE in names
    # (1) With one variable of each kind the webhook takes the container for done, though it may lack the mount.
    if has_own and has_region and has_sts:
        return container
    # (2) A kind of which one variable is there is left out whole.
    added: list[tuple[str, str]] = []
    if injection.regional_sts and not has_sts:
        added.append((STS_VARIABLE, "regional"))
    if injection.region and not has_region:
        added += [(name, injection.region) for name in REGION_VARIABLES]
    if not has_own:
        added += [injection.source, (injection.file_variable, token_path)]
    environment = [*container.get("env", ()), *({"name": name, "value": value} for name, value in added)]
    # (3) A mount of the volume's name is kept, wherever it is.
    mounts = container.get("volumeMounts", [])
    if not any(mount["name"] == injection.volume for mount in mounts):
        mounts = [*mounts, {"name": injection.volume, "readOnly": True, "mountPath": injection.mount_path}]
    injected: JsonObject = encode_container({**container, "env": environment, "volumeMounts": mounts})
    return injected


def _token_path(spec: Mapping[str, Any], injection: Injection) -> str:
    path = posixpath.normpath(posixpath.join(injection.mount_path, injection.token_file))
    selector = encode_map(spec.get("nodeSelector"), encode_string)
    if any(selector.get(label) == "windows" for label in _OS_LABELS):
        return "C:" + path.replace("/", "\\")
    return path


def _token_volume(injection: Injection) -> JsonObject:
    source = {"audience": injection.audience} if injection.audience else {}
    token = {**source, "expirationSeconds": injection.token_expiration, "path": injection.token_file}
    return {"name": injection.volume, "projected": {"sources": [{"serviceAccountToken": token}]}}
