"""What a Pod beside a simulated AWS needs more than on EKS: where STS and S3 are, and the CA of their certificate.

The pod identity webhook injects none of this (pkg/handler/handler.go); on EKS the SDK finds AWS by its public names and
the system's CAs. The CA travels with the Pod, in an annotation that the downward API writes into a file, so that
nothing else has to be in the namespace.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.flow.model import JsonObject, JsonValue
from app.flow.names import SIMULATED_AWS
from app.flow.steps.injection import TOKEN_VARIABLE
from app.flow.webhook import WebhookSettings, mutate

VOLUME = "simulated-aws-ca"
MOUNT_PATH = "/var/run/secrets/irsa-explorer"
FILE = "ca.pem"


@dataclass(frozen=True, kw_only=True)
class SimulatedAws:
    """How a Pod reaches it."""

    url: str
    ca_pem: str

    @property
    def variables(self) -> dict[str, str]:
        """Source: AWS SDKs and Tools Reference Guide, "Service-specific endpoints" and `ca_bundle`."""
        return {
            "AWS_ENDPOINT_URL_STS": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_CA_BUNDLE": f"{MOUNT_PATH}/{FILE}",
        }


def mutate_beside(
    pod: JsonValue, service_account: JsonValue, settings: WebhookSettings, aws: SimulatedAws
) -> list[JsonObject]:
    """The webhook's own JSON patch, and in the containers that get the token's variables what leads to this AWS.

    Empty where the webhook's own is. A variable that a container has stays as it is.
    """
    operations = mutate(pod, service_account, settings)
    if not operations:
        return []
    for operation in operations:
        if operation["path"] in ("/spec/containers", "/spec/initContainers"):
            operation["value"] = [_lead(container, aws) for container in operation["value"]]
    if VOLUME not in [volume.get("name") for volume in pod["spec"].get("volumes") or ()]:
        operations.append({"op": "add", "path": "/spec/volumes/-", "value": _volume()})
    return [_annotate(pod, aws), *operations]


def _lead(container: JsonObject, aws: SimulatedAws) -> JsonObject:
    environment, mounts = container.get("env", []), container.get("volumeMounts", [])
    names = {variable["name"] for variable in environment}
    if TOKEN_VARIABLE not in names:
        return container
    added = [{"name": name, "value": value} for name, value in aws.variables.items() if name not in names]
    if VOLUME not in [mount["name"] for mount in mounts]:
        mounts = [*mounts, {"name": VOLUME, "readOnly": True, "mountPath": MOUNT_PATH}]
    return {**container, "env": [*environment, *added], "volumeMounts": mounts}


def _volume() -> JsonObject:
    field = {"apiVersion": "v1", "fieldPath": f"metadata.annotations['{SIMULATED_AWS}']"}
    return {"name": VOLUME, "downwardAPI": {"items": [{"path": FILE, "fieldRef": field}]}}


def _annotate(pod: JsonValue, aws: SimulatedAws) -> JsonObject:
    if not (pod.get("metadata") or {}).get("annotations"):
        return {"op": "add", "path": "/metadata/annotations", "value": {SIMULATED_AWS: aws.ca_pem}}
    return {"op": "add", "path": f"/metadata/annotations/{SIMULATED_AWS.replace('/', '~1')}", "value": aws.ca_pem}
