"""Annotations that were meant to name a role, under keys that the webhook does not read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.flow.annotations import OF_KUBE2IAM, ROLE_ARN, is_role_arn
from app.flow.matching.differences import edits

_EDITS = 4
"""Characters by which a key may differ: `eks.amazonaws.com/role` lacks four."""
_DOMAIN = "amazonaws.com/"


def mistyped(annotations: Mapping[str, Any]) -> tuple[str, str]:
    """The key that was meant for the role's annotation, and its value; both empty where there is none.

    Where the annotation itself is there, the webhook reads it, and nothing else was meant.
    """
    if annotations.get(ROLE_ARN):
        return "", ""
    found = [(_distance(key), key, value) for key, value in annotations.items() if _is_meant(key, value)]
    return min(found)[1:] if found else ("", "")


def _is_meant(key: str, value: Any) -> bool:
    if not isinstance(value, str) or not value:
        return False
    return key == OF_KUBE2IAM or _distance(key) <= _EDITS or (_DOMAIN in key and is_role_arn(value))


def _distance(key: str) -> int:
    """How many edits lead to the right key, in any case of letters."""
    return edits(key.lower(), ROLE_ARN, within=_EDITS)
