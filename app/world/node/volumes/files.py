"""Where the nodes' files lie: a folder of this process, in memory where the system has a place for that."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108
"""Linux's tmpfs for everyone. The kubelet keeps tokens in a tmpfs as well: they never reach a disk."""
BLOCK = 4096
"""Bytes of a block of tmpfs: a page of memory."""


def parent_of_node_files() -> Path:
    """In which folder that of the nodes is made."""
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def free_bytes(path: Path) -> int:
    """What the disk of `path` still takes, for users without privileges."""
    return shutil.disk_usage(path).free


def bytes_on_disk(sizes: Iterable[int]) -> int:
    """What files of these sizes take on the disk: whole blocks, and one at least for the name of each."""
    return sum(max(-(-size // BLOCK), 1) * BLOCK for size in sizes)
