"""Folders of this process for files that go with it. What a killed process has left behind goes at a later start.

A lock on the folder tells that its process lives: the system releases it however that ends. Where there are no such
locks (Windows), what killed processes have left behind stays.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX = "irsa-explorer-files-"
"""How the names of these folders begin. The app's other folders, as that of the launch addresses, are not locked."""
YOUNG_SECONDS = 60.0
"""A folder as new as this may not have been locked yet by the process that made it."""


class OwnFolder:
    """A private folder, removed by `remove` or at exit; what killed processes have left beside it goes first."""

    def __init__(self, parent: Path) -> None:
        remove_abandoned(parent)
        self._directory = tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent, ignore_cleanup_errors=True)
        self.path = Path(self._directory.name)
        self._lock = -1
        if fcntl is not None:
            self._lock = os.open(self.path, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        _MADE.append(self)

    def remove(self) -> None:
        """Removes the folder with all that is in it. Twice is no error."""
        self._directory.cleanup()
        if self in _MADE:
            _MADE.remove(self)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


_MADE: list[OwnFolder] = []


def remove_all() -> None:
    """Empties all folders of this process, which is about to end without its usual way out. It waits for nothing."""
    for folder in tuple(_MADE):
        shutil.rmtree(folder.path, ignore_errors=True)


def remove_abandoned(parent: Path) -> None:
    """Removes folders of ours under `parent` that no process holds."""
    for path in parent.glob(PREFIX + "*"):
        remove_left(path, YOUNG_SECONDS)


def remove_left(path: Path, age: float = 0.0) -> None:
    """Removes a folder of ours that no process holds, and that is at least so many seconds old."""
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
