"""A container as Go's `corev1.Container` writes it: the webhook decodes the Pod and encodes its containers again.

That is why a patched container has `resources: {}` though no one wrote it, and lacks what its type does not know.
Source: k8s.io/api/core/v1/types.go (Kubernetes 1.34) and Go's encoding/json. Quantities stay as they are written: the
API server has put them into their canonical form before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from app.flow.model import JsonObject, JsonValue

Encode: TypeAlias = Callable[[JsonValue], JsonValue]

# One type a line: its fields in the order in which Go writes them. `!` is written even when empty, `*` is a pointer
# (written unless null), `[]` a list and `{}` a map; the type is string where none is named.
_TYPES = """
LocalObject name optional*:bool
ContainerPort name hostPort:int containerPort!:int protocol hostIP
EnvFromSource prefix configMapRef*:LocalObject secretRef*:LocalObject
ObjectFieldSelector apiVersion fieldPath!
ResourceFieldSelector containerName resource! divisor!:quantity
KeySelector name key! optional*:bool
FileKeySelector volumeName! path! key! optional*:bool
EnvVarSource fieldRef*:ObjectFieldSelector resourceFieldRef*:ResourceFieldSelector configMapKeyRef*:KeySelector \
secretKeyRef*:KeySelector fileKeyRef*:FileKeySelector
EnvVar name! value valueFrom*:EnvVarSource
ResourceClaim name! request
ResourceRequirements limits{}:quantity requests{}:quantity claims[]:ResourceClaim
ContainerResizePolicy resourceName! restartPolicy!
ExitCodes operator values[]:int
ContainerRestartRule action exitCodes*:ExitCodes
VolumeMount name! readOnly:bool recursiveReadOnly* mountPath! subPath mountPropagation* subPathExpr
VolumeDevice name! devicePath!
ExecAction command[]
HTTPHeader name! value!
HTTPGetAction path port!:port host scheme httpHeaders[]:HTTPHeader
TCPSocketAction port!:port host
GRPCAction port!:int service!*
SleepAction seconds!:int
Probe exec*:ExecAction httpGet*:HTTPGetAction tcpSocket*:TCPSocketAction grpc*:GRPCAction initialDelaySeconds:int \
timeoutSeconds:int periodSeconds:int successThreshold:int failureThreshold:int terminationGracePeriodSeconds*:int
LifecycleHandler exec*:ExecAction httpGet*:HTTPGetAction tcpSocket*:TCPSocketAction sleep*:SleepAction
Lifecycle postStart*:LifecycleHandler preStop*:LifecycleHandler stopSignal*
Capabilities add[] drop[]
SELinuxOptions user role type level
WindowsOptions gmsaCredentialSpecName* gmsaCredentialSpec* runAsUserName* hostProcess*:bool
Profile type! localhostProfile*
SecurityContext capabilities*:Capabilities privileged*:bool seLinuxOptions*:SELinuxOptions \
windowsOptions*:WindowsOptions runAsUser*:int runAsGroup*:int runAsNonRoot*:bool readOnlyRootFilesystem*:bool \
allowPrivilegeEscalation*:bool procMount* seccompProfile*:Profile appArmorProfile*:Profile
Container name! image command[] args[] workingDir ports[]:ContainerPort envFrom[]:EnvFromSource env[]:EnvVar \
resources!:ResourceRequirements resizePolicy[]:ContainerResizePolicy restartPolicy* \
restartPolicyRules[]:ContainerRestartRule volumeMounts[]:VolumeMount volumeDevices[]:VolumeDevice \
livenessProbe*:Probe readinessProbe*:Probe startupProbe*:Probe lifecycle*:Lifecycle terminationMessagePath \
terminationMessagePolicy imagePullPolicy securityContext*:SecurityContext stdin:bool stdinOnce:bool tty:bool
"""


class Undecodable(ValueError):
    """A value is not of the type that its field has."""


def encode_list(value: JsonValue, encode: Encode) -> list[Any]:
    """A list with each element decoded and written again; null is an empty one. Raises `Undecodable`."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Undecodable
    return [encode(item) for item in value]


def encode_map(value: JsonValue, encode: Encode) -> JsonObject:
    """A map with each value decoded and written again; null is an empty one. Raises `Undecodable`."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Undecodable
    return {name: encode(item) for name, item in value.items() if isinstance(name, str)}


def encode_string(value: JsonValue) -> str:
    """A string; null is an empty one. Raises `Undecodable`."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Undecodable
    return value


def _bool(value: JsonValue) -> bool:
    if not isinstance(value, bool):
        raise Undecodable
    return value


def _int(value: JsonValue) -> int:
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise Undecodable
    return value


def _port(value: JsonValue) -> str | int:
    return value if isinstance(value, str) else _int(value)


def _quantity(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(value)
    return str(_int(value))


def _struct(fields: list[tuple[str, Encode, bool, bool]]) -> Encode:
    def encode(value: JsonValue) -> JsonObject:
        if value is None:
            value = {}
        elif not isinstance(value, dict):
            raise Undecodable
        written = {}
        for name, encode_field, always, pointer in fields:
            item = value.get(name)
            if item is None:
                if always:
                    written[name] = None if pointer else encode_field(None)
            elif (item := encode_field(item)) or always or pointer:
                written[name] = item
        return written

    return encode


def _parse_types(lines: str) -> dict[str, Encode]:
    known: dict[str, Encode] = {"string": encode_string, "bool": _bool, "int": _int, "port": _port}
    known["quantity"] = _quantity
    for line in lines.strip().splitlines():
        name, *fields = line.split()
        known[name] = _struct([_parse_field(field, known) for field in fields])
    return known


def _parse_field(text: str, known: dict[str, Encode]) -> tuple[str, Encode, bool, bool]:
    name, marks, kind = re.findall(r"(\w+)([^\w:]*):?(\w*)", text)[0]
    encode = known[kind or "string"]
    if "[]" in marks:
        return name, lambda value: encode_list(value, encode), False, False
    if "{}" in marks:
        return name, lambda value: encode_map(value, encode), False, False
    return name, encode, "!" in marks, "*" in marks


encode_container: Encode = _parse_types(_TYPES)["Container"]
"""A container, decoded and written again; nothing of the argument is shared. Raises `Undecodable`."""
