"""Kubernetes' protobuf bodies, read only: kubectl's typed commands (`create sa`, `auth can-i`, ...) send nothing else.

The envelope is `k8s\\0` and a `runtime.Unknown` (1: TypeMeta, 2: the message). Field numbers: the `generated.proto`
files of k8s.io/api and k8s.io/apimachinery. Fields that no such command sends are skipped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from app.flow.model import JsonObject

MAGIC = b"k8s\x00"
FIELD_LIMIT = 10_000
"""Fields in one message."""


class Malformed(Exception):
    """The bytes are no protobuf message of ours."""


class UnknownMessage(Exception):
    """A message of a kind that cannot be read here; the client should send JSON."""


Fields = Mapping[int, tuple[str, Any]]
"""Field number to (name, type): `string`, `integer`, `nonzero` (an integer that JSON leaves out at 0), `boolean`,
`strings`, `strings-map`, `bytes-map`, `int-or-string`, Fields, or a list of Fields for a repeated one. The fields of a
message without a name are its parent's, as JSON has them (`,inline`)."""

_META: Fields = {
    1: ("name", "string"),
    2: ("generateName", "string"),
    3: ("namespace", "string"),
    11: ("labels", "strings-map"),
    12: ("annotations", "strings-map"),
}
_BOUND: Fields = {1: ("kind", "string"), 2: ("apiVersion", "string"), 3: ("name", "string"), 4: ("uid", "string")}
_TOKEN: Fields = {1: ("audiences", "strings"), 3: ("boundObjectRef", _BOUND), 4: ("expirationSeconds", "integer")}
_RESOURCE: Fields = dict(
    enumerate(
        [(name, "string") for name in ("namespace", "verb", "group", "version", "resource", "subresource", "name")], 1
    )
)
_PATH: Fields = {1: ("path", "string"), 2: ("verb", "string")}
_ACCESS: Fields = {1: ("resourceAttributes", _RESOURCE), 2: ("nonResourceAttributes", _PATH)}
_PRECONDITIONS: Fields = {1: ("uid", "string"), 2: ("resourceVersion", "string")}

_PORT: Fields = {1: ("name", "string"), 3: ("containerPort", "integer"), 4: ("protocol", "string")}
_CONTAINER: Fields = {
    1: ("name", "string"),
    2: ("image", "string"),
    3: ("command", "strings"),
    4: ("args", "strings"),
    5: ("workingDir", "string"),
    6: ("ports", [_PORT]),
    7: ("env", [{1: ("name", "string"), 2: ("value", "string")}]),
}
_POD: Fields = {2: ("containers", [_CONTAINER]), 3: ("restartPolicy", "string"), 8: ("serviceAccountName", "string")}
_TEMPLATE: Fields = {1: ("metadata", _META), 2: ("spec", _POD)}
_DEPLOYMENT: Fields = {
    1: ("replicas", "integer"),
    2: ("selector", {1: ("matchLabels", "strings-map")}),
    3: ("template", _TEMPLATE),
}
_JOB: Fields = {1: ("parallelism", "integer"), 2: ("completions", "integer"), 6: ("template", _TEMPLATE)}
_CRON_JOB: Fields = {
    1: ("schedule", "string"),
    2: ("startingDeadlineSeconds", "integer"),
    3: ("concurrencyPolicy", "string"),
    4: ("suspend", "boolean"),
    5: ("jobTemplate", {1: ("metadata", _META), 2: ("spec", _JOB)}),
    8: ("timeZone", "string"),
}
_AUTOSCALER: Fields = {
    1: ("scaleTargetRef", dict(enumerate([(name, "string") for name in ("kind", "name", "apiVersion")], 1))),
    2: ("minReplicas", "integer"),
    3: ("maxReplicas", "integer"),
    4: ("targetCPUUtilizationPercentage", "integer"),
}
_BACKEND: Fields = {
    4: ("service", {1: ("name", "string"), 2: ("port", {1: ("name", "string"), 2: ("number", "nonzero")})})
}
_PATHS: Fields = {1: ("paths", [{1: ("path", "string"), 2: ("backend", _BACKEND), 3: ("pathType", "string")}])}
_INGRESS: Fields = {
    1: ("defaultBackend", _BACKEND),
    2: ("tls", [{1: ("hosts", "strings"), 2: ("secretName", "string")}]),
    3: ("rules", [{1: ("host", "string"), 2: ("", {1: ("http", _PATHS)})}]),
    4: ("ingressClassName", "string"),
}
_SERVICE_PORT: Fields = {
    1: ("name", "string"),
    2: ("protocol", "string"),
    3: ("port", "integer"),
    4: ("targetPort", "int-or-string"),
    5: ("nodePort", "nonzero"),
}
_SERVICE: Fields = {
    1: ("ports", [_SERVICE_PORT]),
    2: ("selector", "strings-map"),
    3: ("clusterIP", "string"),
    4: ("type", "string"),
    10: ("externalName", "string"),
}
_RULE: Fields = dict(
    enumerate(
        [(name, "strings") for name in ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")], 1
    )
)
_SUBJECT: Fields = dict(enumerate([(name, "string") for name in ("kind", "apiGroup", "name", "namespace")], 1))
_ROLE: Fields = {1: ("metadata", _META), 2: ("rules", [_RULE])}
_AGGREGATION: Fields = {1: ("clusterRoleSelectors", [{1: ("matchLabels", "strings-map")}])}
_BINDING: Fields = {
    1: ("metadata", _META),
    2: ("subjects", [_SUBJECT]),
    3: ("roleRef", dict(enumerate([(name, "string") for name in ("apiGroup", "kind", "name")], 1))),
}

_MESSAGES: Mapping[str, Fields] = {
    "Namespace": {1: ("metadata", _META)},
    "ServiceAccount": {1: ("metadata", _META), 4: ("automountServiceAccountToken", "boolean")},
    "ConfigMap": {
        1: ("metadata", _META),
        2: ("data", "strings-map"),
        3: ("binaryData", "bytes-map"),
        4: ("immutable", "boolean"),
    },
    "Secret": {
        1: ("metadata", _META),
        2: ("data", "bytes-map"),
        3: ("type", "string"),
        4: ("stringData", "strings-map"),
        5: ("immutable", "boolean"),
    },
    "Deployment": {1: ("metadata", _META), 2: ("spec", _DEPLOYMENT)},
    "Job": {1: ("metadata", _META), 2: ("spec", _JOB)},
    "CronJob": {1: ("metadata", _META), 2: ("spec", _CRON_JOB)},
    "HorizontalPodAutoscaler": {1: ("metadata", _META), 2: ("spec", _AUTOSCALER)},
    "Ingress": {1: ("metadata", _META), 2: ("spec", _INGRESS)},
    "Service": {1: ("metadata", _META), 2: ("spec", _SERVICE)},
    "Role": _ROLE,
    "ClusterRole": {**_ROLE, 3: ("aggregationRule", _AGGREGATION)},
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "TokenRequest": {1: ("metadata", _META), 2: ("spec", _TOKEN)},
    "SelfSubjectReview": {1: ("metadata", _META)},
    "TokenReview": {1: ("metadata", _META), 2: ("spec", {1: ("token", "string"), 2: ("audiences", "strings")})},
    "SelfSubjectAccessReview": {1: ("metadata", _META), 2: ("spec", _ACCESS)},
    "SelfSubjectRulesReview": {1: ("metadata", _META), 2: ("spec", {1: ("namespace", "string")})},
    "DeleteOptions": {
        1: ("gracePeriodSeconds", "integer"),
        2: ("preconditions", _PRECONDITIONS),
        3: ("orphanDependents", "boolean"),
        4: ("propagationPolicy", "string"),
        5: ("dryRun", "strings"),
    },
}


def decode(raw: bytes) -> JsonObject:
    """The message as the JSON object that says the same. Raises `Malformed` and `UnknownMessage`."""
    if not raw.startswith(MAGIC):
        raise Malformed("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = dict(_fields(raw[len(MAGIC) :]))
    type_meta = dict(_fields(_bytes(envelope.get(1, b""))))
    api_version, kind = _text(type_meta.get(1, b"")), _text(type_meta.get(2, b""))
    if kind not in _MESSAGES:
        raise UnknownMessage(kind)
    return {"apiVersion": api_version, "kind": kind, **_message(_bytes(envelope.get(2, b"")), _MESSAGES[kind])}


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw) and shift < 64:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), at
        shift += 7
    raise Malformed("unexpected EOF")


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field; of fixed-width fields, which none of our messages has, nothing."""
    at = count = 0
    while at < len(raw):
        count += 1
        if count > FIELD_LIMIT:
            raise Malformed("too many fields")
        tag, at = _varint(raw, at)
        wire_type = tag & 7
        if wire_type == 0:
            value, at = _varint(raw, at)
            yield tag >> 3, value
            continue
        if wire_type == 2:
            length, at = _varint(raw, at)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise Malformed(f"proto: illegal wireType {wire_type}")
        if length > len(raw) - at:
            raise Malformed("unexpected EOF")
        if wire_type == 2:
            yield tag >> 3, raw[at : at + length]
        at += length


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Malformed("proto: wrong wireType")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        raise Malformed("proto: invalid UTF-8") from None


def _integer(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise Malformed("proto: wrong wireType")
    return value - 2**64 if value >= 2**63 else value


def _message(raw: bytes, fields: Fields) -> JsonObject:
    message: JsonObject = {}
    for number, value in _fields(raw):
        if number not in fields:
            continue
        name, kind = fields[number]
        if kind == "string":
            message[name] = _text(value)
        elif kind == "integer":
            message[name] = _integer(value)
        elif kind == "nonzero":
            message |= {name: number} if (number := _integer(value)) else {}
        elif kind == "boolean":
            message[name] = bool(_integer(value))
        elif kind == "strings":
            message.setdefault(name, []).append(_text(value))
        elif kind in ("strings-map", "bytes-map"):
            entry = dict(_fields(_bytes(value)))
            content = entry.get(2, b"")
            text = _text(content) if kind == "strings-map" else base64.b64encode(_bytes(content)).decode()
            message.setdefault(name, {})[_text(entry.get(1, b""))] = text
        elif kind == "int-or-string":
            either = dict(_fields(_bytes(value)))
            is_text = _integer(either.get(1, 0)) == 1
            message[name] = _text(either.get(3, b"")) if is_text else _integer(either.get(2, 0))
        elif isinstance(kind, list):
            message.setdefault(name, []).append(_message(_bytes(value), kind[0]))
        elif name:
            message[name] = _message(_bytes(value), kind)
        else:
            message |= _message(_bytes(value), kind)
    return message
