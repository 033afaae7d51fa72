"""What a container's file system returns for one file: of a volume on the disk, or written by a program."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from functools import lru_cache

from app.world.node.volumes.atomic_writer import OwnedTree
from app.world.node.volumes.scratch import Written

DIRECTORY_SIZE = 4096


@dataclass(frozen=True, kw_only=True)
class User:
    """The user that a process runs as."""

    uid: int = 0
    gid: int = 0
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Inode:
    """The values that `stat` returns for one file."""

    mode: int
    """Type and permission bits."""
    uid: int
    gid: int
    links: int
    size: int
    blocks: int
    """In units of 512 bytes."""
    modified: float
    target: str = ""
    """The target of a symbolic link; empty for others."""
    real: str | None = None
    """The file on this machine; None for a directory of the image, and for a file that a program has written."""
    content: bytes | None = None
    """The content of a file that a program has written."""

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


@lru_cache(maxsize=256)
def image_directory(mode: int, subdirectories: int, created: float) -> Inode:
    """A directory of an image, with its permission bits."""
    return Inode(
        mode=stat.S_IFDIR | mode,
        uid=0,
        gid=0,
        links=2 + subdirectories,
        size=DIRECTORY_SIZE,
        blocks=DIRECTORY_SIZE // 512,
        modified=created,
    )


def written_inode(written: Written) -> Inode:
    """A file that a program has written."""
    is_directory = written.content is None
    size = len(written.content or b"")
    return Inode(
        mode=(stat.S_IFDIR if is_directory else stat.S_IFREG) | written.mode,
        uid=written.uid,
        gid=written.gid,
        links=2 if is_directory else 1,
        size=DIRECTORY_SIZE if is_directory else size,
        blocks=DIRECTORY_SIZE // 512 if is_directory else -(-size // 4096) * 8,
        modified=written.modified,
        content=written.content,
    )


def real_inode(tree: OwnedTree, real: str, location: str, *, counted: bool) -> Inode:
    """A file of a volume, as in a tmpfs: the sizes of directories and the blocks are those that a tmpfs reports.

    `counted`: whether the links and the size of a directory are needed, for which its entries have to be read.
    """
    try:
        found = os.lstat(real)
    except (OSError, ValueError) as error:
        raise os_error(getattr(error, "errno", None) or errno.ENOENT, location) from None
    owned = tree.attributes(real)
    links, size, blocks = 2, 0, 0
    if not stat.S_ISDIR(found.st_mode):
        links, size = 1, found.st_size
        blocks = 0 if stat.S_ISLNK(found.st_mode) else -(-size // 4096) * 8
    elif counted:
        children = list(os.scandir(real))
        links = 2 + sum(child.is_dir(follow_symlinks=False) for child in children)
        size = 40 + 20 * len(children)
    return Inode(
        mode=stat.S_IFMT(found.st_mode) | owned.mode,
        uid=owned.uid,
        gid=owned.gid,
        links=links,
        size=size,
        blocks=blocks,
        modified=found.st_mtime,
        target=os.readlink(real) if stat.S_ISLNK(found.st_mode) else "",
        real=real,
    )


def os_error(number: int, path: str) -> OSError:
    """The error of that number, as Python raises it inside the container."""
    return OSError(number, os.strerror(number), path)
