"""One world on the disk: a snapshot of its sections, and a journal of their changes since, each forced to the disk.

    snapshot.json       {"schema": 1, "generation": 3, "sections": {…}}
    journal-3.jsonl     [{"section": …}, ["gone", …]]   one line for each change: sections written, sections gone

A snapshot is written whole or not at all, after the journal that goes on from it. So the journal of its generation is
there always, and only its last line can be incomplete: that of a change that no client has an answer to.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path

from app.flow.model import JsonObject, JsonValue
from app.own_file import write
from app.world.saved.codec import StateError
from app.world.saved.sections import Sections

SCHEMA = 1
"""The version of what is written here. A newer one is not read."""
COMPACT_BYTES = 1024 * 1024
"""The size of a journal after which a new snapshot replaces it."""
LARGEST = 64 * COMPACT_BYTES
"""Bytes of a file that is read: a world takes a few megabytes, by its own limits. Another program has written more, or
a damaged disk says so, and to read it would take the memory of all worlds."""
SNAPSHOT = "snapshot.json"
FULL = {errno.ENOSPC, errno.EDQUOT}
"""The error numbers of a disk, or a quota of it, without room."""


class NewerSchema(StateError):
    """A later version of this app has written it."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is on the disk."""

    sections: Sections
    generation: int
    torn: Path | None
    """The journal, where its last line is incomplete: it is kept as it is until the world is started once more."""


def read(directory: Path) -> Found:
    """What was written. Nothing on the disk is changed. Raises `StateError`, and `OSError`."""
    # (1) The snapshot.
    path = directory / SNAPSHOT
    document = read_json(path)
    generation, sections = document.get("generation"), document.get("sections")
    if type(generation) is not int or not isinstance(sections, dict):
        raise StateError(str(path), "no snapshot", "its generation and its sections")
    # (2) What has changed since.
    path = directory / _journal(generation)
    try:
        lines = _content(path).split(b"\n")
    except FileNotFoundError as error:
        raise StateError(str(path), "no such file", "the journal of the snapshot") from error
    torn = lines.pop() != b""
    for number, line in enumerate(lines, 1):
        try:
            written, gone = json.loads(line)
            for name in gone:
                sections.pop(name, None)
            sections.update(written)
        except (ValueError, TypeError, RecursionError) as error:
            if number == len(lines) and not torn:
                torn = True
                continue
            raise StateError(f"{path}:{number}", "no change of a world", "[{…}, […]]") from error
    return Found(sections=sections, generation=generation, torn=path if torn else None)


def read_json(path: Path) -> JsonObject:
    """A document of this schema. Raises `StateError`, and `OSError`."""
    content = _content(path)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise StateError(str(path), f"{path.stat().st_size} bytes that are no JSON", "a whole JSON document") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise NewerSchema(str(path), str(schema), str(SCHEMA))
    if schema != SCHEMA or not isinstance(document, dict):
        raise StateError(str(path), f"schema {schema!r}", str(SCHEMA))
    return document


def _content(path: Path) -> bytes:
    """Raises `StateError` for a pipe or a device, which might never end, and for a file that no world has written."""
    if path.exists() and not path.is_file():
        raise StateError(str(path), "no regular file", "a file")
    if (size := path.stat().st_size) > LARGEST:
        raise StateError(str(path), f"{size} bytes", f"at most {LARGEST} bytes")
    return path.read_bytes()


def write_json(path: Path, document: JsonValue) -> None:
    """Writes a document that only its owner may read, whole or not at all, and forces it to the disk."""
    write(path, json.dumps(document, separators=(",", ":")).encode(), to_disk=True)
    _sync(path.parent)


class Journal:
    """The files of one world while it runs. Its methods block; one is called at a time, from any thread."""

    def __init__(self, directory: Path, generation: int = 0, torn: Path | None = None) -> None:
        """`directory` is made where there is none. `generation`: of what was read there; `torn` stays there while
        this one is in use, and goes when the next one begins."""
        self.directory = directory
        self._generation = generation
        self._torn = torn
        self._descriptor = -1
        self._size = 0

    @property
    def is_due(self) -> bool:
        """Whether it is time for a new snapshot: the journal is long, or someone has removed it while it was in use."""
        return self._size > COMPACT_BYTES or not os.fstat(self._descriptor).st_nlink

    def begin(self, sections: Sections) -> None:
        """Writes a snapshot, from which a new journal goes on. Raises `OSError`; the next try writes the same files."""
        for folder in (*self.directory.parents[1::-1], self.directory):  # all of them, where they have been removed
            folder.mkdir(mode=0o700, exist_ok=True)
        _sync(self.directory.parent)
        generation = self._generation + 1
        self.close()
        path = self.directory / _journal(generation)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        self._size = 0
        os.fsync(self._descriptor)
        snapshot: JsonValue = {"schema": SCHEMA, "generation": generation, "sections": sections}
        write_json(self.directory / SNAPSHOT, snapshot)
        self._generation = generation
        for old in self.directory.glob(_journal("*")):
            if old not in (path, self._torn):
                old.unlink(missing_ok=True)

    def append(self, written: Sections, gone: list[str]) -> None:
        """Adds a change, and returns once it is on the disk. Raises `OSError`."""
        line = json.dumps([written, gone], separators=(",", ":")).encode() + b"\n"
        view = memoryview(line)
        while view:
            view = view[os.write(self._descriptor, view) :]
        _force(self._descriptor)
        self._size += len(line)

    def close(self) -> None:
        """Ends it. Twice is no error."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


_force = getattr(os, "fdatasync", os.fsync)
"""Forces what was written to the disk, without the file's times where the system can (macOS cannot)."""


def _journal(generation: int | str) -> str:
    return f"journal-{generation}.jsonl"


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
