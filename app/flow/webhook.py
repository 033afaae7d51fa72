"""The pod identity webhook's algorithm: which JSON patch it answers when a Pod is created.

Source: aws/amazon-eks-pod-identity-webhook at 3bf80a34, pkg/handler/handler.go and pkg/cache/cache.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.flow import annotations as given
from app.flow.container_types import Undecodable, encode_container, encode_list, encode_map, encode_string
from app.flow.model import JsonValue

VOLUME = "aws-iam-token"
TOKEN_FILE = "token"
_ROLE_VARIABLES = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
_REGION_VARIABLES = ("AWS_DEFAULT_REGION", "AWS_REGION")
_STS_VARIABLE = "AWS_STS_REGIONAL_ENDPOINTS"
_OS_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """The webhook's flags; the defaults are its own. EKS sets the region and regional STS endpoints."""

    region: str = ""
    """`--aws-default-region`; without one no region variable is injected."""
    sts_regional_endpoint: bool = False
    audience: str = "sts.amazonaws.com"
    token_expiration: int = 86400
    """Seconds."""
    mount_path: str = "/var/run/secrets/eks.amazonaws.com/serviceaccount"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a ServiceAccount's annotations and the flags say of its Pods."""

    role_arn: str
    audience: str
    regional_sts: bool
    token_expiration: int


def identity_of(service_account: JsonValue, settings: WebhookSettings) -> Identity | None:
    """What the annotations of a ServiceAccount ask for; `None` where no role is named. Each wins over its flag.

    Raises `Undecodable` where the annotations are not texts by name.
    """
    annotations = _annotations(service_account)
    role_arn = annotations.get(given.ROLE_ARN)
    if not role_arn:
        return None
    regional = given.parse_bool(annotations.get(given.STS_REGIONAL_ENDPOINTS, ""))
    default = max(settings.token_expiration, given.MIN_TOKEN_EXPIRATION)
    return Identity(
        role_arn,
        annotations.get(given.AUDIENCE, settings.audience),
        settings.sts_regional_endpoint if regional is None else regional,
        given.parse_expiration(annotations.get(given.TOKEN_EXPIRATION, ""), default),
    )


def skipped_containers(annotations: Mapping[str, Any]) -> frozenset[str]:
    """The containers that a Pod's annotations exempt; none where the list cannot be read."""
    value = annotations.get(given.SKIP_CONTAINERS)
    return frozenset(given.parse_csv_record(value) or ()) if isinstance(value, str) else frozenset()


def mutate(pod: JsonValue, service_account: JsonValue, settings: WebhookSettings) -> list[dict[str, Any]]:
    """The JSON patch (RFC 6902) for a Pod under this ServiceAccount (`None`: there is none), in the webhook's order.

    Empty where nothing is to be changed: no role is named, or the Pod is not of a Pod's types, which the webhook
    cannot decode. A role's ARN that is none is injected all the same. The arguments stay as they are.
    """
    try:
        identity = identity_of(service_account, settings)
        if identity is None or not isinstance(pod, dict):
            return []
        return _patch(pod, identity, settings)
    except Undecodable:
        return []


def _patch(pod: dict[str, Any], identity: Identity, settings: WebhookSettings) -> list[dict[str, Any]]:
    spec = _object(pod.get("spec"))
    annotations = _annotations(pod)
    # (1) The Pod's annotations win over the ServiceAccount's.
    expiration = given.parse_expiration(annotations.get(given.TOKEN_EXPIRATION, ""), identity.token_expiration)
    skipped = skipped_containers(annotations)
    # (2) The containers, init containers and so native sidecars too. Ephemeral ones are left alone.
    token_path = _token_path(spec, settings)
    init_containers, containers = (
        [
            container if container["name"] in skipped else _inject(container, identity, settings, token_path)
            for container in encode_list(spec.get(kind), encode_container)
        ]
        for kind in ("initContainers", "containers")
    )
    # (3) The volume goes first; one of that name is kept, whatever it holds. Containers are always written.
    patch: list[dict[str, Any]] = []
    volumes = spec.get("volumes")
    if VOLUME not in encode_list(volumes, lambda volume: encode_string(_object(volume).get("name"))):
        volume = _token_volume(identity.audience, expiration)
        path, value = ("/spec/volumes", [volume]) if volumes is None else ("/spec/volumes/0", volume)
        patch.append({"op": "add", "path": path, "value": value})
    patch.append({"op": "add", "path": "/spec/containers", "value": containers})
    if init_containers:
        patch.append({"op": "add", "path": "/spec/initContainers", "value": init_containers})
    return patch


def _inject(
    container: dict[str, Any], identity: Identity, settings: WebhookSettings, token_path: str
) -> dict[str, Any]:
    """The container with variables and mount appended."""
    names = {variable["name"] for variable in container.get("env", ())}
    has_role = not names.isdisjoint(_ROLE_VARIABLES)
    has_region = not names.isdisjoint(_REGION_VARIABLES)
    has_sts = _STS_VARIABLE in names
    # (1) With one variable of each kind the webhook takes the container for done, though it may lack the mount.
    if has_role and has_region and has_sts:
        return container
    # (2) A kind of which one variable is there is left out whole.
    added: list[tuple[str, str]] = []
    if identity.regional_sts and not has_sts:
        added.append((_STS_VARIABLE, "regional"))
    if settings.region and not has_region:
        added += [(name, settings.region) for name in _REGION_VARIABLES]
    if not has_role:
        added += zip(_ROLE_VARIABLES, (identity.role_arn, token_path), strict=True)
    environment = [*container.get("env", ()), *({"name": name, "value": value} for name, value in added)]
    # (3) A mount of the volume's name is kept, wherever it is.
    mounts = container.get("volumeMounts", [])
    if not any(mount["name"] == VOLUME for mount in mounts):
        mounts = [*mounts, {"name": VOLUME, "readOnly": True, "mountPath": settings.mount_path}]
    injected: dict[str, Any] = encode_container({**container, "env": environment, "volumeMounts": mounts})
    return injected


def _token_path(spec: Mapping[str, Any], settings: WebhookSettings) -> str:
    path = posixpath.normpath(posixpath.join(settings.mount_path, TOKEN_FILE))
    selector = encode_map(spec.get("nodeSelector"), encode_string)
    if any(selector.get(label) == "windows" for label in _OS_LABELS):
        return "C:" + path.replace("/", "\\")
    return path


def _token_volume(audience: str, expiration: int) -> dict[str, Any]:
    source = {"audience": audience} if audience else {}
    token = {**source, "expirationSeconds": expiration, "path": TOKEN_FILE}
    return {"name": VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}


def _annotations(document: JsonValue) -> dict[str, str]:
    return encode_map(_object(_object(document).get("metadata")).get("annotations"), encode_string)


def _object(value: JsonValue) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Undecodable
    return value
