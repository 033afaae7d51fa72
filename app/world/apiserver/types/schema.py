"""The types of the API: decoding into them, as the API server decodes JSON into Go structs.

`schema.json` names the fields of every type this server knows: derived from Kubernetes' own OpenAPI description
(Apache-2.0) by way of its Python client, which a test compares. A type is the name of an entry, `[type]` for a list,
`{"*": type}` for a map, or one of `string`, `integer`, `number`, `boolean`, `time`, `micro-time`, `bytes`, `quantity`,
`int-or-string`, `any`. What has been decoded has the right type everywhere, so nothing behind it meets junk.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from app.flow.model import JsonValue
from app.world.apiserver.types import quantities
from app.world.apiserver.types.go_text import Type, cannot_restore, cannot_unmarshal

TYPES: Mapping[str, Mapping[str, Type]] = json.loads(Path(__file__).with_name("schema.json").read_text("utf-8"))

LIST_KEYS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Container", "env"): ("name",),
    ("Container", "ports"): ("containerPort", "protocol"),
    ("Container", "volumeDevices"): ("devicePath",),
    ("Container", "volumeMounts"): ("mountPath",),
    ("EphemeralContainer", "env"): ("name",),
    ("EphemeralContainer", "volumeMounts"): ("mountPath",),
    ("MutatingWebhook", "matchConditions"): ("name",),
    ("MutatingWebhookConfiguration", "webhooks"): ("name",),
    ("NamespaceStatus", "conditions"): ("type",),
    ("ObjectMeta", "ownerReferences"): ("uid",),
    ("PodSpec", "containers"): ("name",),
    ("PodSpec", "ephemeralContainers"): ("name",),
    ("PodSpec", "hostAliases"): ("ip",),
    ("PodSpec", "imagePullSecrets"): ("name",),
    ("PodSpec", "initContainers"): ("name",),
    ("PodSpec", "resourceClaims"): ("name",),
    ("PodSpec", "schedulingGates"): ("name",),
    ("PodSpec", "topologySpreadConstraints"): ("topologyKey", "whenUnsatisfiable"),
    ("PodSpec", "volumes"): ("name",),
    ("PodStatus", "conditions"): ("type",),
    ("PodStatus", "hostIPs"): ("ip",),
    ("PodStatus", "podIPs"): ("ip",),
    ("ResourceRequirements", "claims"): ("name",),
    ("ServiceAccount", "secrets"): ("name",),
    ("ServiceSpec", "ports"): ("port", "protocol"),
    **{(f"{kind}Status", "conditions"): ("type",) for kind in ("DaemonSet", "Deployment", "Node", "ReplicaSet")},
    ("NodeStatus", "addresses"): ("type",),
}
"""`x-kubernetes-list-map-keys`: the fields that distinguish the elements of a list. Other lists are atomic."""

KEY_DEFAULTS: Mapping[str, JsonValue] = {"protocol": "TCP"}

ATOMIC_TYPES = frozenset(
    {
        "ConfigMapKeySelector",
        "LabelSelector",
        "LocalObjectReference",
        "NodeSelector",
        "NodeSelectorTerm",
        "ObjectFieldSelector",
        "ObjectReference",
        "OwnerReference",
        "ResourceFieldSelector",
        "RoleRef",
        "SecretKeySelector",
        "TypedLocalObjectReference",
    }
)
"""`x-kubernetes-map-type: atomic`: owned and replaced as a whole."""


def is_atomic(type_: Type) -> bool:
    """Whether a dict of this type is owned and replaced as a whole."""
    return type_ == "any" or (isinstance(type_, str) and type_ in ATOMIC_TYPES)


ZERO_IS_OMITTED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("Container", "EphemeralContainer"), frozenset({"stdin", "stdinOnce", "tty"})),
    "ContainerPort": frozenset({"hostPort"}),
    "DaemonSetSpec": frozenset({"minReadySeconds"}),
    "DeploymentSpec": frozenset({"minReadySeconds", "paused"}),
    "NodeSpec": frozenset({"unschedulable"}),
    "ObjectMeta": frozenset({"generation"}),
    "PodSpec": frozenset({"hostIPC", "hostNetwork", "hostPID"}),
    "Probe": frozenset({"initialDelaySeconds"}),
    "ReplicaSetSpec": frozenset({"minReadySeconds"}),
    "ServicePort": frozenset({"nodePort"}),
    "ServiceSpec": frozenset({"healthCheckNodePort", "publishNotReadyAddresses"}),
    "StatefulSetSpec": frozenset({"minReadySeconds"}),
    "VolumeMount": frozenset({"readOnly"}),
    **{
        name: frozenset({"chapAuthDiscovery", "chapAuthSession", "partition", "readOnly", "sslEnabled"} & fields.keys())
        for name, fields in TYPES.items()
        if name.endswith("VolumeSource")
        and "readOnly" in fields
        and name not in ("AzureDiskVolumeSource", "CSIVolumeSource")
    },
}
"""The fields of each type that Go leaves out where they are false or 0: `omitempty`, and no pointer (k8s.io/api)."""

NEVER_OMITTED: Mapping[str, tuple[str, ...]] = {
    "LabelSelectorRequirement": ("key", "operator"),
    "NodeAddress": ("address", "type"),
    **{
        name: ("status", "type")
        for name, fields in TYPES.items()
        if name.endswith("Condition") and {"status", "type"} <= fields.keys()
    },
}
"""The texts that Go writes even where they are empty. What reads a status or a selector relies on them."""

ITEMS_LIMIT = 250
"""Items in any one list: far more than any list that people write has, and few enough for what acts upon each."""


class WrongType(Exception):
    """A value is not of the type its field has. The text is Go's for JSON."""

    def __init__(self, text: str, *, restored: str = "") -> None:
        super().__init__(text)
        self.restored = restored or text
        """Go's text where the value comes from a strategic merge patch."""


class TooManyItems(WrongType):
    """A list has more than `ITEMS_LIMIT` items."""

    def __init__(self, path: str, count: int) -> None:
        super().__init__(f"{path}: must have at most {ITEMS_LIMIT} items")
        self.path = path
        """Such as `spec.containers[0].env`."""
        self.count = count


class Decoder:
    """Decodes one document. What no type knows is left out and noted in `unknown`."""

    def __init__(self) -> None:
        self.unknown: list[str] = []
        """Paths of fields that no type knows, such as `spec.containers[0].imag`."""

    def decode(self, type_: Type, value: JsonValue, path: str = "", owner: str = "", dotted: str = "") -> JsonValue:
        """`value` as `type_`, in fresh containers, without nulls and without what Go leaves out as empty.

        `path` and `dotted` are where it stands, with and without indexes; `owner` is the struct that holds it.
        Raises `WrongType` and `TooManyItems`.
        """
        if isinstance(type_, list):
            if not isinstance(value, list):
                raise self._wrong(type_, value, owner, dotted)
            if len(value) > ITEMS_LIMIT:
                raise TooManyItems(path, len(value))
            element = type_[0]
            return [
                self.decode(element, {} if item is None else item, f"{path}[{index}]", owner, dotted)
                for index, item in enumerate(value)
                if item is not None or element in TYPES
            ]
        if isinstance(type_, dict):
            if not isinstance(value, dict):
                raise self._wrong(type_, value, owner, dotted)
            element = "resource" if type_["*"] == "quantity" else type_["*"]
            return {
                key: self.decode(element, "" if item is None else item, f"{path}.{key}", owner, dotted)
                for key, item in value.items()
            }
        fields = TYPES.get(type_) if type_[0].isupper() else None
        if fields is not None:
            return self._struct(type_, fields, value, path, owner, dotted)
        try:
            return _SCALARS[type_](value)
        except TypeError:
            raise self._wrong(type_, value, owner, dotted) from None

    def _struct(
        self, type_: str, fields: Mapping[str, Type], value: JsonValue, path: str, owner: str, dotted: str
    ) -> JsonValue:
        if not isinstance(value, dict):
            raise self._wrong(type_, value, owner, dotted)
        decoded = {}
        omitted = ZERO_IS_OMITTED.get(type_, frozenset())
        for key, item in value.items():
            inner = f"{path}.{key}" if path else key
            field = fields.get(key)
            if field is None:
                self.unknown.append(inner)
            elif item is not None:
                result = self.decode(field, item, inner, type_, f"{dotted}.{key}" if dotted else key)
                if result != "" and (result or not (isinstance(field, (list, dict)) or key in omitted)):
                    decoded[key] = result
        for key in NEVER_OMITTED.get(type_, ()):
            decoded.setdefault(key, "")
        return decoded

    def _wrong(self, type_: Type, value: JsonValue, owner: str, dotted: str) -> WrongType:
        restored = cannot_restore(type_, value, dotted.rpartition(".")[2])
        return WrongType(cannot_unmarshal(type_, value, owner, dotted), restored=restored)


def _string(value: JsonValue) -> JsonValue:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: JsonValue) -> JsonValue:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise TypeError
    return value


def _number(value: JsonValue) -> JsonValue:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return value


def _boolean(value: JsonValue) -> JsonValue:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _moment(value: JsonValue) -> datetime:
    text = _string(value)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or "T" not in text:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        reason = f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"'
        raise WrongType(reason) from None


def _time(value: JsonValue) -> JsonValue:
    return value and _moment(value).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _micro_time(value: JsonValue) -> JsonValue:
    return value and _moment(value).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _bytes(value: JsonValue) -> JsonValue:
    try:
        base64.b64decode(_string(value).encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        text = "illegal base64 data at input byte 0"
        raise WrongType(text, restored=f"error decoding from json: {text}") from None
    return value


def _quantity(value: JsonValue, *, rounded: bool = False) -> JsonValue:
    text = value if isinstance(value, str) else json.dumps(value)
    if not quantities.PATTERN.fullmatch(text):
        expression = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
        raise WrongType(f"quantities must match the regular expression '{expression}'")
    return quantities.stored(text, rounded=rounded)


def _int_or_string(value: JsonValue) -> JsonValue:
    return value if isinstance(value, str) else _integer(value)


_SCALARS: Mapping[str, Callable[[JsonValue], JsonValue]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "time": _time,
    "micro-time": _micro_time,
    "bytes": _bytes,
    "quantity": _quantity,
    "resource": partial(_quantity, rounded=True),
    "int-or-string": _int_or_string,
    "any": lambda value: value,
}
