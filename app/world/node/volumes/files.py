"""Where the nodes' files lie: one directory of this process, in memory where the system has a place for that."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX = "irsa-explorer-"
MEMORY = Path("/dev/shm")  # noqa: S108
"""Linux's tmpfs for everyone. The kubelet keeps tokens in a tmpfs as well: they never reach a disk."""
BLOCK = 4096
"""Bytes of a block of tmpfs: a page of memory."""
YOUNG_SECONDS = 60.0
"""A directory as new as this may not have been locked yet by the process that made it."""


class NodeFiles:
    """A private directory, removed by `remove` or at exit; what killed processes have left behind goes first.

    A lock on the directory tells that its process lives: the system releases it however that ends. Where there are no
    such locks (Windows), what killed processes have left behind stays.
    """

    def __init__(self, parent: Path | None = None) -> None:
        parent = parent or _parent()
        remove_abandoned(parent)
        self._directory = tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True)
        self.path = Path(self._directory.name)
        self._lock = -1
        if fcntl is not None:
            self._lock = os.open(self.path, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Removes the directory with all that is in it. Twice is no error."""
        self._directory.cleanup()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def free_bytes(path: Path) -> int:
    """What the disk of `path` still takes, for users without privileges."""
    return shutil.disk_usage(path).free


def bytes_on_disk(sizes: Iterable[int]) -> int:
    """What files of these sizes take on the disk: whole blocks, and one at least for the name of each."""
    return sum(max(-(-size // BLOCK), 1) * BLOCK for size in sizes)


def remove_abandoned(parent: Path) -> None:
    """Removes directories of ours under `parent` that no process holds."""
    for path in parent.glob(PREFIX + "*"):
        remove_left(path, YOUNG_SECONDS)


def remove_left(path: Path, age: float = 0.0) -> None:
    """Removes a directory of ours that no process holds, and that is at least so many seconds old."""
    if fcntl is None:
        return
    try:
        found = path.lstat()
        ours = path.name.startswith(PREFIX) and found.st_uid == os.geteuid()
        if not ours or time.time() - found.st_mtime < age:
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (OSError, ValueError):
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(descriptor)


def _parent() -> Path:
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
