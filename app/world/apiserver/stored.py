"""An object as it is stored."""

from __future__ import annotations

import json
from dataclasses import dataclass

from app.flow.model import JsonObject

Key = tuple[str, str]
"""(namespace, name); the namespace of a cluster-wide object is empty."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One object. `object` is for looking at and must not be changed; `text` is the same as JSON."""

    object: JsonObject
    text: bytes

    def copy(self) -> JsonObject:
        """A fresh copy of the object."""
        copied: JsonObject = json.loads(self.text)
        return copied
