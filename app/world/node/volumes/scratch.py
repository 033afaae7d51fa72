"""Files that a container's programs write. They are kept in memory, and only few fit.

A new container begins without such files; those in an emptyDir stay as long as its Pod.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

SCRATCH_BYTES = 64 * 1024
"""Bytes of all files of one layer, with what each file takes beside its content."""
ENTRY_BYTES = 200
"""Bytes that a file or a directory takes beside its content."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file, or a directory where it has no content."""

    mode: int
    """Permission bits."""
    uid: int
    gid: int
    modified: float
    content: bytes | None = None


class Scratch:
    """One writable layer: a container's own over its image's files, or an emptyDir volume. By absolute path."""

    def __init__(self) -> None:
        self.entries: dict[str, Written] = {}

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(_size(path, entry) for path, entry in self.entries.items())

    def growth(self, path: str, entry: Written) -> int:
        """How many bytes the layer grows by with this entry. Raises `OSError` (ENOSPC) where there is no room for
        it."""
        old = self.entries.get(path)
        grown = _size(path, entry) - (_size(path, old) if old else 0)
        if grown > 0 and self.size + grown > SCRATCH_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        return grown

    def children(self, path: str) -> set[str]:
        """The names in a directory."""
        prefix = path.rstrip("/") + "/"
        below = (known.removeprefix(prefix) for known in self.entries if known.startswith(prefix))
        return {name for name in below if name and "/" not in name}


def _size(path: str, entry: Written) -> int:
    return ENTRY_BYTES + len(path) + len(entry.content or b"")
