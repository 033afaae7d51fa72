"""How the pod identity webhook reads the values of annotations: Go's strconv and encoding/csv, to the letter.

Source: aws/amazon-eks-pod-identity-webhook, pkg/cache/cache.go and pkg/handler/handler.go; Go's standard library.
"""

from __future__ import annotations

import re

PREFIX = "eks.amazonaws.com"
ROLE_ARN = f"{PREFIX}/role-arn"
AUDIENCE = f"{PREFIX}/audience"
STS_REGIONAL_ENDPOINTS = f"{PREFIX}/sts-regional-endpoints"
TOKEN_EXPIRATION = f"{PREFIX}/token-expiration"
SKIP_CONTAINERS = f"{PREFIX}/skip-containers"

OF_KUBE2IAM = "iam.amazonaws.com/role"
"""The key of kube2iam and kiam, which read it from Pods; from a ServiceAccount nothing reads it."""
MIN_TOKEN_EXPIRATION = 600
"""Seconds; the least that the API server gives."""
_ROLE_ARN = re.compile(r"arn:aws[a-z0-9-]*:iam::\d{12}:role/[\w/.@+=,-]+", re.ASCII)
_BOOLEANS = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True) | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), False
)
_INT64 = range(-(2**63), 2**63)
_INT64_DIGITS = 19
_QUOTED_FIELD = re.compile(r'"([^"]*(?:""[^"]*)*)"(?=,|\n|\Z)')
_BARE_FIELD = re.compile(r"[^,\n]*")


def is_role_arn(text: str) -> bool:
    """Whether the webhook finds no fault in a role's ARN. It injects the others too, and logs a warning."""
    return _ROLE_ARN.fullmatch(text) is not None


def parse_bool(text: str) -> bool | None:
    """`strconv.ParseBool`; `None` where it would give an error."""
    return _BOOLEANS.get(text)


def parse_int(text: str) -> int | None:
    """`strconv.ParseInt(text, 10, 64)`; `None` where it would give an error."""
    match = re.fullmatch(r"([+-]?)([0-9]++)", text)
    digits = match[2].lstrip("0") if match else ""
    if match is None or len(digits) > _INT64_DIGITS:
        return None
    value = int(f"{match[1]}{digits or 0}")
    return value if value in _INT64 else None


def parse_expiration(text: str, default: int) -> int:
    """Seconds that a token is to live: at least `MIN_TOKEN_EXPIRATION`, without an upper bound."""
    value = parse_int(text)
    return default if value is None else max(value, MIN_TOKEN_EXPIRATION)


def parse_csv_record(text: str) -> tuple[str, ...] | None:
    """The first record that Go's `csv.NewReader` reads, spaces kept; `None` where `Read` would give an error."""
    # (1) Lines end in a line feed, a carriage return at the very end is dropped, empty lines come before no record.
    text = text.replace("\r\n", "\n").removesuffix("\r")
    position = len(text) - len(text.lstrip("\n"))
    if position == len(text):
        return None
    # (2) Field by field to the end of the line. A quote opens a field or is an error (`LazyQuotes` is off).
    fields: list[str] = []
    while True:
        if text.startswith('"', position):
            match = _QUOTED_FIELD.match(text, position)
            if match is None:
                return None
            fields.append(match[1].replace('""', '"'))
        else:
            match = _BARE_FIELD.match(text, position)
            if match is None or '"' in match[0]:
                return None
            fields.append(match[0])
        position = match.end() + 1
        if text[match.end() : position] != ",":
            return tuple(fields)
