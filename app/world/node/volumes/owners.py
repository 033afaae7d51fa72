"""Owners and times of files, as far as this system knows them: Windows has no such owners, and follows every link."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

set_times: Callable[..., None] = (
    partial(os.utime, follow_symlinks=False) if os.utime in os.supports_follow_symlinks else os.utime
)
"""`os.utime`, which sets the times of a link itself where the system can do that, and not those of its target."""


def give_away(path: Path, uid: int, gid: int) -> None:
    """Gives a file to another user. Raises `PermissionError` where this process may not, and on Windows."""
    if not hasattr(os, "chown"):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
    os.chown(path, uid, gid)
