"""Reads the TOML files of a language into flat, dotted keys, and picks the checks out of them, as they are needed."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from app.content.errors import ContentError
from app.content.languages import FILE
from app.content.model import CHECK_PARTS, CheckText
from app.own_commands import as_started

_CHECKS = "checks"
_ANY = ""
_HEADER = re.compile(r"^[ \t]*\[+[ \t]*[\"']?([^\"'.\s\]]+)", re.M)
"""The header of a table, up to the first dot of its name (TOML 1.0, "Table")."""


class Messages(Mapping[str, str]):
    """Every message of the `*.toml` files of a folder but the facts of the language, merged, by dotted key.

    A file is parsed when a key is asked for that it may have: a page needs a third of them, a command a tenth. Safe to
    use from several threads. What is asked for raises `ContentError` for malformed TOML, a value that is no text, an
    empty text, or a key given twice.
    """

    def __init__(self, directory: Path) -> None:
        """Reads the files. Raises `ContentError` where there is none, or one is not UTF-8."""
        self._lock = threading.Lock()
        self._texts: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self._keys: dict[Path, tuple[str, ...]] = {}
        self._unparsed: dict[Path, str] = {}
        self._files: dict[str, list[Path]] = {}
        for path in sorted(path for path in directory.glob("*.toml") if path.name != FILE):
            try:
                self._unparsed[path] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise ContentError(str(path), "TOML", str(error)) from error
            for table in _tables(self._unparsed[path]):
                self._files.setdefault(table, []).append(path)
        if not self._unparsed:
            raise ContentError(str(directory), "*.toml", "no messages here")

    def __getitem__(self, key: str) -> str:
        """Raises `KeyError` where there is none."""
        if key not in self._texts:
            self._parse(self._files_of(key))
        return self._texts[key]

    def __iter__(self) -> Iterator[str]:
        """By file, in its order."""
        self._parse(list(self._unparsed))
        return (key for path in sorted(self._keys) for key in self._keys[path])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def below(self, table: str) -> dict[str, str]:
        """The messages of a table such as `map` or `console.page`, by the rest of their keys, in the files' order."""
        files, prefix = sorted(self._files_of(table)), f"{table}."
        self._parse(files)
        keys = (key for path in files for key in self._keys[path] if key.startswith(prefix))
        return {key.removeprefix(prefix): self._texts[key] for key in keys}

    def _files_of(self, key: str) -> list[Path]:
        """The files that may have a key."""
        return [*self._files.get(key.partition(".")[0], ()), *self._files.get(_ANY, ())]

    def _parse(self, files: list[Path]) -> None:
        with self._lock:
            for path in files:
                if path in self._unparsed:
                    self._add(path, self._unparsed[path])
                    del self._unparsed[path]

    def _add(self, path: Path, text: str) -> None:
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ContentError(str(path), "TOML", str(error)) from error
        found: dict[str, str] = {}
        for key, value in _flatten(document, "", path):
            owner = path.name if key in found else self._owners.get(key)
            if owner:
                raise ContentError(str(path), key, f"already given in {owner}")
            found[key] = as_started(value)
        self._keys[path] = tuple(found)
        self._owners.update(dict.fromkeys(found, path.name))
        self._texts.update(found)


def _tables(text: str) -> set[str]:
    """The first parts of the keys that a file may have: all that it has, and perhaps more; `_ANY` for any key.

    A line that begins like a table's header may also be part of a text. Where keys stand before the first such line,
    any line may be.
    """
    first = _HEADER.search(text)
    before = text[: first.start()] if first else text
    if any(line.strip() and not line.lstrip().startswith("#") for line in before.splitlines()):
        return {_ANY}
    return set(_HEADER.findall(text))


def read_messages(directory: Path) -> Messages:
    """All of them at once. Raises `ContentError` as `Messages` does."""
    messages = Messages(directory)
    if not len(messages):
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


class Checks(Mapping[str, CheckText]):
    """The checks among `messages`, by id, looked for when the first one is asked for.

    Raises `ContentError` then where a part is missing or unknown. `source` is what errors name.
    """

    def __init__(self, messages: Messages, source: str) -> None:
        self._messages = messages
        self._source = source

    @cached_property
    def _found(self) -> Mapping[str, CheckText]:
        parts: dict[str, dict[str, str]] = {}
        for key, text in self._messages.below(_CHECKS).items():
            check_id, _, part = key.rpartition(".")
            parts.setdefault(check_id, {})[part] = text
        for check_id, found in parts.items():
            if missing := [part for part in CHECK_PARTS if part not in found]:
                raise ContentError(self._source, f"{_CHECKS}.{check_id}", f"missing: {', '.join(missing)}")
            if unknown := sorted(found.keys() - set(CHECK_PARTS)):
                raise ContentError(self._source, f"{_CHECKS}.{check_id}", f"unknown: {', '.join(unknown)}")
        return {check_id: CheckText(**found) for check_id, found in parts.items()}

    def __getitem__(self, check_id: str) -> CheckText:
        """Raises `KeyError` where there is none."""
        return self._found[check_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
