"""Unix seconds in the form in which Kubernetes and AWS write times."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(seconds: float) -> str:
    """RFC 3339, UTC, whole seconds, such as `2026-11-24T22:40:49Z`.

    Raises `ValueError`, `OverflowError` or `OSError` where it is no date: before year 1 or after year 9999.
    """
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
