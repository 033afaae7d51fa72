"""A container's view of its files: volumes mounted into an otherwise bare image, with Unix permissions.

Paths are walked as the kernel does, one name at a time, links included, so that nothing outside the mounts is ever
touched. Errors are `OSError`s with the container's own path, as Python raises them inside it.
"""

from __future__ import annotations

import errno
import io
import os
import posixpath
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from app.world.node.volumes.atomic_writer import OwnedTree

LINK_LIMIT = 40
"""Links that one path may lead through (Linux)."""
_DIRECTORY_SIZE = 4096


@dataclass(frozen=True, kw_only=True)
class User:
    """The user that a process runs as."""

    uid: int = 0
    gid: int = 0
    groups: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Node:
    """What `stat` says of one file."""

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
    """Where a symbolic link points to."""
    real: Path | None = None
    """The file on this machine; None for a directory of the image."""

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


class FileSystem:
    """The files of one container. `mounts` maps container paths to volumes."""

    def __init__(self, mounts: Mapping[str, OwnedTree], user: User, created: float) -> None:
        found = {posixpath.normpath("/" + path.lstrip("/")): tree for path, tree in mounts.items()}
        self._mounts = dict(sorted(found.items(), key=lambda mount: -len(mount[0])))
        """Of two that a path may lie in, the longer one comes first."""
        self._user = user
        self._created = created
        self._image: dict[str, set[str]] = {"/": set()}
        """The image's directories with their children: those that lead to mounts."""
        for path in self._mounts:
            while path != "/":
                parent, _, name = path.rpartition("/")
                path = parent or "/"
                self._image.setdefault(path, set()).add(name)

    def read(self, path: str) -> bytes:
        """A file's content. Raises `OSError`."""
        node = self.stat(path)
        if node.is_directory or node.real is None:
            raise _error(errno.EISDIR, path)
        if not self._may(node, 4):
            raise _error(errno.EACCES, path)
        return node.real.read_bytes()

    def open(self, path: str) -> TextIO:
        """Opens a text file for reading. Raises `OSError` as the built-in does, with the container's path."""
        return io.StringIO(self.read(path).decode("utf-8", "replace"))

    def listdir(self, path: str) -> list[str]:
        """The names in a directory, in bytewise order. Raises `OSError`."""
        location = self._resolve(path, follow=True)
        node = self._node(location)
        if not node.is_directory:
            raise _error(errno.ENOTDIR, path)
        if not self._may(node, 4):
            raise _error(errno.EACCES, path)
        names = set(self._image.get(location, ()))
        if node.real is not None:
            names |= {entry.name for entry in node.real.iterdir()}
        return sorted(names)

    def stat(self, path: str, *, follow: bool = True) -> Node:
        """What a path is; with `follow` what a link leads to. Raises `OSError`."""
        return self._node(self._resolve(path, follow=follow))

    def _resolve(self, path: str, *, follow: bool) -> str:
        """The location without links or dots. A path that ends in a slash follows its link (path_resolution(7)).

        Raises `OSError`.
        """
        if not path or "\0" in path:
            raise _error(errno.ENOENT, path)
        follow = follow or path.endswith("/")
        location, here = "/", self._node("/")
        pending = [name for name in reversed(path.split("/")) if name not in ("", ".")]
        links = 0
        while pending:
            name = pending.pop()
            if not here.is_directory:
                raise _error(errno.ENOTDIR, path)
            if not self._may(here, 1):
                raise _error(errno.EACCES, path)
            if name == "..":
                location = posixpath.dirname(location)
                here = self._node(location)
                continue
            below = f"{location.rstrip('/')}/{name}"
            try:
                node = self._node(below)
            except OSError as error:
                raise _error(error.errno or errno.ENOENT, path) from None
            if not node.is_link or (not pending and not follow):
                location, here = below, node
                continue
            links += 1
            if links > LINK_LIMIT:
                raise _error(errno.ELOOP, path)
            if node.target.startswith("/"):
                location, here = "/", self._node("/")
            pending += [part for part in reversed(node.target.split("/")) if part not in ("", ".")]
        return location

    def _node(self, location: str) -> Node:
        """The node at a resolved location. Raises `OSError`."""
        for mount, tree in self._mounts.items():
            if location == mount or location.startswith(f"{mount}/"):
                return _real_node(tree, tree.root / location.removeprefix(mount).lstrip("/"), location)
        if location not in self._image:
            raise _error(errno.ENOENT, location)
        subdirectories = len(self._image[location])
        return Node(
            mode=stat.S_IFDIR | 0o755,
            uid=0,
            gid=0,
            links=2 + subdirectories,
            size=_DIRECTORY_SIZE,
            blocks=_DIRECTORY_SIZE // 512,
            modified=self._created,
        )

    def _may(self, node: Node, right: int) -> bool:
        """Whether the user has a right (4 read, 1 search). Root may everything (CAP_DAC_OVERRIDE)."""
        if self._user.uid == 0:
            return True
        if node.uid == self._user.uid:
            return bool(node.mode >> 6 & right)
        if node.gid == self._user.gid or node.gid in self._user.groups:
            return bool(node.mode >> 3 & right)
        return bool(node.mode & right)


def _real_node(tree: OwnedTree, real: Path, location: str) -> Node:
    """A file of a volume, as in a tmpfs: sizes of directories and blocks are those that tmpfs tells."""
    try:
        found = os.lstat(real)
    except (OSError, ValueError) as error:
        raise _error(getattr(error, "errno", None) or errno.ENOENT, location) from None
    owned = tree.attributes(real)
    if stat.S_ISDIR(found.st_mode):
        children = list(os.scandir(real))
        links = 2 + sum(child.is_dir(follow_symlinks=False) for child in children)
        size, blocks = 40 + 20 * len(children), 0
    else:
        links, size = 1, found.st_size
        blocks = 0 if stat.S_ISLNK(found.st_mode) else -(-size // 4096) * 8
    return Node(
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


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
