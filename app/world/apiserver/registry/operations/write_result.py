"""What a write led to."""

from __future__ import annotations

from dataclasses import dataclass

from app.flow.model import JsonObject


@dataclass(frozen=True, kw_only=True)
class WriteResult:
    """What a write led to."""

    body: JsonObject
    """The object as it is stored (or, of a dry run, would be)."""
    warnings: tuple[str, ...] = ()
    """For `Warning` headers."""
    created: bool = False
