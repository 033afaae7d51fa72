"""Reads the TOML files of a language into flat, dotted keys, and picks the checks out of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.content.errors import ContentError
from app.content.languages import FILE
from app.content.model import CHECK_PARTS, CheckText

_CHECKS = "checks."


def read_messages(directory: Path) -> dict[str, str]:
    """Every message of the `*.toml` files of `directory` but the facts of the language, merged, by dotted key.

    Raises `ContentError` for malformed TOML, a value that is no text, an empty text, or a key given twice.
    """
    messages: dict[str, str] = {}
    owners: dict[str, str] = {}
    for path in sorted(path for path in directory.glob("*.toml") if path.name != FILE):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ContentError(str(path), "TOML", str(error)) from error
        for key, text in _flatten(document, "", path):
            if key in owners:
                raise ContentError(str(path), key, f"already given in {owners[key]}")
            messages[key], owners[key] = text, path.name
    if not messages:
        raise ContentError(str(directory), "*.toml", "no messages here")
    return messages


def _flatten(table: Mapping[str, object], prefix: str, path: Path) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _flatten(value, f"{key}.", path)
        elif not isinstance(value, str):
            raise ContentError(str(path), key, f"expected a text, got {type(value).__name__}")
        elif not value.strip():
            raise ContentError(str(path), key, "the text is empty")
        else:
            yield key, value.strip()


def read_checks(messages: Mapping[str, str], source: str) -> dict[str, CheckText]:
    """The checks among `messages`, by id. Raises `ContentError` where a part is missing or unknown."""
    parts: dict[str, dict[str, str]] = {}
    for key, text in messages.items():
        if key.startswith(_CHECKS):
            check_id, _, part = key.removeprefix(_CHECKS).rpartition(".")
            parts.setdefault(check_id, {})[part] = text
    for check_id, found in parts.items():
        if missing := [part for part in CHECK_PARTS if part not in found]:
            raise ContentError(source, f"{_CHECKS}{check_id}", f"missing: {', '.join(missing)}")
        if unknown := sorted(found.keys() - set(CHECK_PARTS)):
            raise ContentError(source, f"{_CHECKS}{check_id}", f"unknown: {', '.join(unknown)}")
    return {check_id: CheckText(**found) for check_id, found in parts.items()}
