"""Lengths of time in words."""

from __future__ import annotations

from app.content import Content


def duration(seconds: float, words: Content) -> str:
    """A length of time in its two largest units, such as `19 h 12 min`."""
    left = int(seconds)
    parts: list[str] = []
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1)):
        count, left = divmod(left, size)
        if count or (unit == "seconds" and not parts):
            parts.append(words.message(f"cli.token.{unit}", value=count))
    return " ".join(parts[:2])
