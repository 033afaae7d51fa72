"""A node's disk: its place, how much its Pods' volumes take, and whether it has room for more.

It is a folder of this process, in memory where the system has a place and room for that. All nodes of the process
share one disk, so each node may use only its part (`VOLUMES_LIMIT`). Where the disk is nearly full, only the lessons'
Pods of new worlds find room.
"""

from __future__ import annotations

import errno
import math
import os
import posixpath
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from app.own_folder import remove_abandoned

VOLUMES_LIMIT = 256 * 1024
"""Bytes on the disk in all volumes of one node. The lessons' Pods take about 50 kB."""
VOLUMES_COUNT = 500
"""How many volumes one node has at most, the empty ones among them. A Pod of the lessons has two."""
OWN_BYTES = 64 * 1024
"""Bytes, of `VOLUMES_LIMIT`, that a node may use however full the disk is."""
RESERVE_BYTES = 16 * 1024 * 1024
"""The bytes of the nodes' common disk that are kept for the lessons' Pods of new worlds: some 300 worlds. A container's
`/dev/shm` has 64 MB."""
MEMORY = Path("/dev/shm")  # noqa: S108
"""Linux's tmpfs for everyone. The kubelet keeps tokens in a tmpfs as well: they never reach a disk."""
BLOCK = 4096
"""Bytes of a block of tmpfs: a page of memory."""


class NodeDisk:
    """The disk of one node."""

    def __init__(self, directory: Path) -> None:
        """`directory`: where the node's files are; it exists."""
        self._directory = directory
        self._sizes: dict[str, dict[str, int]] = {}
        """The `PodDisk.sizes` of each Pod, by its uid. No `PodDisk` itself: it refers to this disk."""

    def of_pod(self, uid: str) -> PodDisk:
        """A new Pod's part of the disk."""
        made = PodDisk(self, self._directory_of(uid))
        self._sizes[uid] = made.sizes
        return made

    def remove(self, uid: str) -> None:
        """Removes a Pod's files. Files that are still written for it do not count any more."""
        if self._sizes.pop(uid, None) is not None:
            shutil.rmtree(self._directory_of(uid), ignore_errors=True)

    def check(self, wanted: int, *, volumes: int = 0) -> None:
        """Raises `OSError` (ENOSPC) unless there is room for so many more bytes and volumes. Each block may be a file
        of its own."""
        count = volumes + sum(map(len, self._sizes.values()))
        total = wanted + sum(sum(sizes.values()) for sizes in self._sizes.values())
        shared = total > OWN_BYTES and wanted > self._free - RESERVE_BYTES
        if (wanted > 0 and (total > VOLUMES_LIMIT or shared)) or (volumes and count > VOLUMES_COUNT):
            raise OSError(errno.ENOSPC, "no space left on device")

    def _directory_of(self, uid: str) -> Path:
        return self._directory / "pods" / uid

    @property
    def _free(self) -> float:
        return _room(self._directory)


class PodDisk:
    """One Pod's part of its node's disk."""

    def __init__(self, node: NodeDisk, directory: Path) -> None:
        self.node = node
        self.directory = directory
        """Where the Pod's files are: `pods/<uid>` as under `/var/lib/kubelet`."""
        self.sizes: dict[str, int] = {}
        """The bytes on the disk of each volume that has a directory."""


def parent_of_node_files() -> Path:
    """The folder in which the folder of the nodes' files is made. What killed processes have left in memory goes
    first."""
    remove_abandoned(MEMORY)
    in_memory = os.access(MEMORY, os.W_OK | os.X_OK) and _room(MEMORY) >= RESERVE_BYTES
    return MEMORY if in_memory else Path(tempfile.gettempdir())


def _room(path: Path) -> float:
    """Bytes for new files on `path`'s disk, also where it has more of them than of files."""
    return min(free_bytes(path), free_files(path) * BLOCK)


def free_bytes(path: Path) -> int:
    """The free bytes of `path`'s disk for users without privileges."""
    return shutil.disk_usage(path).free


def free_files(path: Path) -> float:
    """How many more files `path`'s disk has room for; infinite where the disk or the system (Windows) sets no limit.

    A disk that makes inodes as they are needed, such as btrfs, reports 0 of them in all.
    """
    found = os.statvfs(path) if hasattr(os, "statvfs") else None
    return found.f_favail if found and found.f_files else math.inf


def bytes_on_disk(sizes: Mapping[str, int]) -> int:
    """The bytes that files of these sizes take on the disk: whole blocks, and at least one for the name of each, and
    one for each directory that leads to them.

    Directories are counted until there are more than a node has room for. `sizes`: by path within the volume.
    """
    directories: set[str] = set()
    most = VOLUMES_LIMIT // BLOCK
    for path in sizes:
        while (path := posixpath.dirname(path)) and path not in directories and len(directories) <= most:
            directories.add(path)
    return (len(directories) + sum(max(-(-size // BLOCK), 1) for size in sizes.values())) * BLOCK
