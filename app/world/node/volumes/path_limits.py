"""How long a path may be: for Linux, and for the kubelet, which looks before it writes a volume's files."""

from __future__ import annotations

import errno
import os

PATH_LIMIT = 4096
"""Characters of a path (Linux: bytes)."""
NAME_LIMIT = 255
"""Bytes of one name in a path."""


def has_long_name(path: str) -> bool:
    """Whether a name in the path is longer than Linux allows."""
    return any(len(name.encode("utf-8", "replace")) > NAME_LIMIT for name in path.split("/"))


def check_path(path: str, *, typed: str = "") -> None:
    """Raises `OSError` (ENAMETOOLONG) for a path that Linux would not take. `typed`: how the program wrote it."""
    if len(path) > PATH_LIMIT or has_long_name(path):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), typed or path)
