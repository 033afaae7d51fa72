"""Finding things in a walk by their name alone."""

from __future__ import annotations

from app.flow.model import Check, JsonValue, Walk


def check_of(walk: Walk, check_id: str) -> Check | None:
    """The check of that id, whatever its step; None where the walk has none."""
    return next((check for report in walk for check in report.checks if check.id == check_id), None)


def evidence_of(walk: Walk, name: str) -> JsonValue:
    """The evidence of that name, whatever its step; None where the walk has none."""
    return next((report.evidence[name] for report in walk if name in report.evidence), None)
