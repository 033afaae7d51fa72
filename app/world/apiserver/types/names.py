"""The rules for names, labels and annotations, with the API server's words for what breaks them.

Source: k8s.io/apimachinery `pkg/util/validation/validation.go` and `pkg/api/validation/objectmeta.go`.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from app.flow.model import JsonObject
from app.world.apiserver.types.errors import Cause

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"

_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    f"an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    f"end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_QUALIFIED_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    f"(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
)
_LABEL_VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_LABEL_VALUE}')"
)
_CONFIG_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    f"'key-name', regex used for validation is '{_CONFIG_KEY}')"
)
_FINALIZERS = ("foregroundDeletion", "kubernetes", "orphan")
"""Those of Kubernetes' own that have no domain before them."""
ANNOTATIONS_LIMIT = 256 * 1024
"""Bytes of all keys and values together."""

GENERATED_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""What `generateName` and `kube-api-access-` draw from (`pkg/util/rand`)."""


def random_suffix() -> str:
    """Five random characters, as Kubernetes appends them."""
    return "".join(secrets.choice(GENERATED_ALPHABET) for _ in range(5))


def invalid_value(field: str, value: Any, why: str) -> Cause:
    """The value breaks a rule."""
    shown = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Cause(field=field, reason="FieldValueInvalid", message=f"Invalid value: {shown}: {why}")


def required(field: str, why: str = "") -> Cause:
    """The value is missing."""
    return Cause(
        field=field, reason="FieldValueRequired", message=f"Required value: {why}" if why else "Required value"
    )


def unsupported(field: str, value: Any, supported: Iterable[str]) -> Cause:
    """The value is none of a few."""
    known = ", ".join(json.dumps(item) for item in sorted(supported))
    message = f"Unsupported value: {json.dumps(value, ensure_ascii=False)}: supported values: {known}"
    return Cause(field=field, reason="FieldValueNotSupported", message=message)


def duplicate(field: str, value: Any) -> Cause:
    """The value may occur once only."""
    message = f"Duplicate value: {json.dumps(value, ensure_ascii=False)}"
    return Cause(field=field, reason="FieldValueDuplicate", message=message)


def not_found(field: str, value: Any) -> Cause:
    """The value refers to nothing."""
    message = f"Not found: {json.dumps(value, ensure_ascii=False)}"
    return Cause(field=field, reason="FieldValueNotFound", message=message)


def forbidden(field: str, why: str) -> Cause:
    """The field may not be set or changed."""
    return Cause(field=field, reason="FieldValueForbidden", message=f"Forbidden: {why}")


def too_many(field: str, count: int, limit: int, what: str = "items") -> Cause:
    """The list has more items than it may."""
    return Cause(
        field=field, reason="FieldValueTooMany", message=f"Too many: {count}: must have at most {limit} {what}"
    )


def too_long(field: str, limit: int) -> Cause:
    """The value has more bytes than it may."""
    return Cause(field=field, reason="FieldValueTooLong", message=f"Too long: may not be more than {limit} bytes")


def label_errors(value: str) -> list[str]:
    """What is wrong with a DNS-1123 label."""
    wrong = [] if len(value) <= 63 else ["must be no more than 63 characters"]
    return wrong if re.fullmatch(_LABEL, value) else [*wrong, _LABEL_TEXT]


def subdomain_errors(value: str) -> list[str]:
    """What is wrong with a DNS-1123 subdomain."""
    wrong = [] if len(value) <= 253 else ["must be no more than 253 characters"]
    return wrong if re.fullmatch(_SUBDOMAIN, value) else [*wrong, _SUBDOMAIN_TEXT]


def path_segment_errors(value: str) -> list[str]:
    """What is wrong with a name that need only fit into a URL, such as `system:node` (`IsValidPathSegmentName`)."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{character}'" for character in "/%" if character in value]


def qualified_name_errors(value: str) -> list[str]:
    """What is wrong with the key of a label or annotation."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        text = f"{_QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a qualified name {text}"]
    wrong = []
    if slash and not prefix:
        wrong.append("prefix part must be non-empty")
    elif slash:
        wrong += [f"prefix part {text}" for text in subdomain_errors(prefix)]
    if not name:
        wrong.append("name part must be non-empty")
    elif len(name) > 63:
        wrong.append("name part must be no more than 63 characters")
    if not re.fullmatch(_QUALIFIED, name):
        wrong.append(f"name part {_QUALIFIED_TEXT}")
    return wrong


def label_value_errors(value: str) -> list[str]:
    """What is wrong with the value of a label."""
    wrong = [] if len(value) <= 63 else ["must be no more than 63 characters"]
    return wrong if re.fullmatch(_LABEL_VALUE, value) else [*wrong, _LABEL_VALUE_TEXT]


def config_key_errors(value: str) -> list[str]:
    """What is wrong with a key of a ConfigMap or Secret."""
    if len(value) > 253:
        return ["must be no more than 253 characters"]
    if value in (".", ".."):
        return [f"must not be '{value}'"]
    if value.startswith(".."):
        return ["must not start with '..'"]
    return [] if re.fullmatch(_CONFIG_KEY, value) else [_CONFIG_KEY_TEXT]


def named(field: str, value: str, wrong: Sequence[str]) -> list[Cause]:
    """A cause for each text of what is wrong."""
    return [invalid_value(field, value, text) for text in wrong]


def validate_labels(labels: dict[str, str], field: str) -> Iterator[Cause]:
    """The causes against a map of labels."""
    for key, value in labels.items():
        yield from named(field, key, qualified_name_errors(key))
        yield from named(field, value, label_value_errors(value))


def validate_metadata(metadata: JsonObject, check: Callable[[str], list[str]]) -> Iterator[Cause]:
    """The causes against an object's metadata. `check` says what is wrong with a name of that kind."""
    name, prefix = metadata.get("name", ""), metadata.get("generateName", "")
    if prefix:
        yield from named("metadata.generateName", prefix, check(prefix.removesuffix("-")))
    if not name:
        yield required("metadata.name", "name or generateName is required")
    else:
        yield from named("metadata.name", name, check(name))
    yield from validate_labels(metadata.get("labels", {}), "metadata.labels")
    annotations = metadata.get("annotations", {})
    for key in annotations:
        yield from named("metadata.annotations", key, qualified_name_errors(key.lower()))
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > ANNOTATIONS_LIMIT:
        yield too_long("metadata.annotations", ANNOTATIONS_LIMIT)
    for index, finalizer in enumerate(metadata.get("finalizers", [])):
        yield from named("metadata.finalizers", finalizer, qualified_name_errors(finalizer))
        if "/" not in finalizer and finalizer not in _FINALIZERS:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid_value(f"metadata.finalizers[{index}]", finalizer, why)
    for index, owner in enumerate(metadata.get("ownerReferences", [])):
        for field in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(field):
                yield invalid_value(f"metadata.ownerReferences[{index}].{field}", "", "must not be empty")
