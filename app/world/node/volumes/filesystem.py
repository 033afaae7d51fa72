"""A container's view of its files: volumes mounted into an image of few files, and what its programs have written.

A path is resolved as by the kernel, one name at a time, links included, so that nothing outside the mounts is ever
touched. Errors are `OSError`s with the container's own path, as Python raises them inside the container.
"""

from __future__ import annotations

import errno
import io
import os
import posixpath
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from app.world.node.volumes import first_process
from app.world.node.volumes.first_process import FirstProcess
from app.world.node.volumes.image import Image
from app.world.node.volumes.inodes import Inode, User, os_error, written_inode
from app.world.node.volumes.mounts import Mount
from app.world.node.volumes.path_limits import PATH_LIMIT, check_path
from app.world.node.volumes.scratch import Scratch, Written

LINK_LIMIT = 40
"""How many links one path may contain (Linux)."""


class FileSystem:
    """The files of one container. `mounts` maps container paths to what is mounted there."""

    def __init__(
        self,
        mounts: Mapping[str, Mount],
        user: User,
        created: float,
        *,
        directories: Mapping[str, int] | None = None,
        image_files: Mapping[str, bytes] | None = None,
        writable: Iterable[str] = (),
        check_room: Callable[[int], None] = lambda _: None,
        now: Callable[[], float] | None = None,
        first: FirstProcess | None = None,
    ) -> None:
        """`directories`: those of the image, with their modes. `image_files`: files that are there from the start,
        unless a mount hides them. `writable`: which mounts, files and `/` can be written to, by root or another user
        that may. `check_room` raises where the node has no memory for so many bytes more. `now`: Unix seconds by the
        node's clock, the time of `created` where it is not given. `first`: where process 1 is another container's.
        Raises `OSError` where a path is too long, or the paths have too many names."""
        self._mounts = {posixpath.normpath("/" + path.lstrip("/")): mount for path, mount in mounts.items()}
        self._deepest = max((path.count("/") for path in self._mounts), default=0)  # names
        self.user = user
        self._writable = {posixpath.normpath("/" + path.lstrip("/")) for path in writable}
        self._check_room = check_room
        self._now = now or (lambda: created)
        self.scratch = Scratch()
        self._first = first
        if first is not None:
            self._writable |= {f"{first_process.ROOT}{path}".rstrip("/") for path in first.files._writable}
        self._image = Image(self._mounts, directories or {}, image_files or {}, created)
        self._held = sum(mount.size for mount in self._mounts.values()) + self._image.size

    @property
    def size(self) -> int:
        """Bytes of memory for what programs have written, for mounted files that it keeps, and for its image."""
        return self.scratch.size + self._held

    def read(self, path: str) -> bytes:
        """A file's content. Raises `OSError`."""
        inode = self.stat(path)
        if inode.is_directory:
            raise os_error(errno.EISDIR, path)
        if not self.may(inode, 4):
            raise os_error(errno.EACCES, path)
        return Path(inode.real).read_bytes() if inode.real is not None else inode.content or b""

    def open(self, path: str) -> TextIO:
        """Opens a text file for reading. Raises `OSError` as the built-in does, with the container's path."""
        return io.StringIO(self.read(path).decode("utf-8", "replace"))

    def listdir(self, path: str) -> list[str]:
        """The names in a directory, in bytewise order. Raises `OSError`."""
        location = self._resolve(path, follow=True)
        inode = self._inode(location)
        if not inode.is_directory:
            raise os_error(errno.ENOTDIR, path)
        if not self.may(inode, 4):
            raise os_error(errno.EACCES, path)
        files, place = self._elsewhere(location) or (self, location)
        names = set(files._image.names(place))
        if inode.real is not None:
            names |= set(os.listdir(inode.real))
        _, layer, key = self._layer(location)
        return sorted(names | layer.children(key))

    def stat(self, path: str, *, follow: bool = True) -> Inode:
        """The inode at a path; with `follow` the one that a link points to. Raises `OSError`."""
        return self._inode(self._resolve(path, follow=follow), counted=True)

    def stat_all(self, path: str, names: Iterable[str], *, follow: bool) -> list[Inode]:
        """`stat` of names in a directory, whose path is resolved once. Raises `OSError`."""
        location = self._resolve(path, follow=True)
        if not self.may(self._inode(location), 1):
            raise os_error(errno.EACCES, path)
        places = {".": location, "..": posixpath.dirname(location)}
        seen = [(name, self._inode(places.get(name) or posixpath.join(location, name), counted=True)) for name in names]
        return [self.stat(posixpath.join(path, name)) if follow and inode.is_link else inode for name, inode in seen]

    def real(self, path: str) -> str:
        """The path without links and dots. Raises `OSError`."""
        return self._resolve(path, follow=True)

    # What programs write

    def write(self, path: str, content: bytes, *, append: bool = False, modified: float = 0.0) -> None:
        """Makes or replaces a file; `modified`: its time, if not now. Raises `OSError`."""
        location, old = self._target(path)
        if old is not None and old.is_directory:
            raise os_error(errno.EISDIR, path)
        if old is not None and not self.may(old, 2):
            raise os_error(errno.EACCES, path)
        before = self.read(path) if append and old is not None else b""
        self._put(location, path, content=before + content, mode=0o644, old=old, modified=modified)

    def mkdir(self, path: str) -> None:
        """Makes a directory. Raises `OSError`."""
        location, old = self._target(path.rstrip("/") or "/")
        if old is not None:
            raise os_error(errno.EEXIST, path)
        self._put(location, path, content=None, mode=0o755, old=None)

    def chmod(self, path: str, mode: int) -> None:
        """Sets the permission bits of a file that a program has made. Raises `OSError`."""
        location, old = self._target(path)
        if old is None:
            raise os_error(errno.ENOENT, path)
        _, layer, key = self._layer(location)
        if key not in layer.entries or self.user.uid not in (0, old.uid):
            raise os_error(errno.EPERM, path)
        layer.entries[key] = replace(layer.entries[key], mode=mode)

    def chown(self, path: str, uid: int | None, gid: int | None) -> None:
        """Gives to another user, group, or both, what a program has made. Raises `OSError`.

        What is there from the start of a place that can be written to keeps its owner. Root may do this; the owner may
        only give it to a group of its own (chown(2)).
        """
        location, old = self._target(path)
        if old is None:
            raise os_error(errno.ENOENT, path)
        groups = (None, old.gid, self.user.gid, *self.user.groups)
        is_own = self.user.uid == old.uid and uid in (None, old.uid) and gid in groups
        if self.user.uid != 0 and not is_own:
            raise os_error(errno.EPERM, path)
        _, layer, key = self._layer(location)
        if (entry := layer.entries.get(key)) is not None:
            uid, gid = entry.uid if uid is None else uid, entry.gid if gid is None else gid
            layer.entries[key] = replace(entry, uid=uid, gid=gid)

    def remove(self, path: str) -> None:
        """Removes a file, or an empty directory, that a program has made. Raises `OSError`."""
        location, old = self._target(path)
        if old is None:
            raise os_error(errno.ENOENT, path)
        _, layer, key = self._layer(location)
        if key not in layer.entries or location in self._mounts:
            raise os_error(errno.EBUSY, path)
        if not self.may(self._inode(posixpath.dirname(location)), 2):
            raise os_error(errno.EACCES, path)
        if layer.children(key):
            raise os_error(errno.ENOTEMPTY, path)
        del layer.entries[key]

    def _target(self, path: str) -> tuple[str, Inode | None]:
        """The location of a path that is to be changed, and the inode there. Raises `OSError` where it may not be
        changed."""
        try:
            location = self._resolve(path, follow=True)
        except FileNotFoundError:
            directory, _, name = path.rstrip("/").rpartition("/")
            if name in ("", ".", ".."):
                raise
            location = posixpath.join(self._resolve(directory or "/", follow=True), name)
            parent = self._inode(posixpath.dirname(location))
            if not parent.is_directory:
                raise os_error(errno.ENOTDIR, path) from None
            check_path(location, typed=path)
            found = None
        else:
            found = self._inode(location)
            parent = self._inode(posixpath.dirname(location))
        if not {self._layer(location)[0], location} & self._writable:
            raise os_error(errno.EROFS, path)
        if found is None and not self.may(parent, 2):
            raise os_error(errno.EACCES, path)
        return location, found

    def _put(
        self, location: str, path: str, *, content: bytes | None, mode: int, old: Inode | None, modified: float = 0.0
    ) -> None:
        _, layer, key = self._layer(location)
        uid, gid, mode = (old.uid, old.gid, stat.S_IMODE(old.mode)) if old else (self.user.uid, self.user.gid, mode)
        if old is None and (parent := self._inode(posixpath.dirname(location))).mode & stat.S_ISGID:  # inode(7)
            gid, mode = parent.gid, mode | (stat.S_ISGID if content is None else 0)
        entry = Written(mode=mode, uid=uid, gid=gid, modified=modified or self._now(), content=content)
        try:
            self._check_room(layer.growth(key, entry))
        except OSError:
            raise os_error(errno.ENOSPC, path) from None
        layer.entries[key] = entry

    def _layer(self, location: str) -> tuple[str, Scratch, str]:
        """The mount that a location lies in, or `/`, what programs have written there, and the location's key in it."""
        if (found := self._elsewhere(location)) is not None:
            path, layer, key = found[0]._layer(found[1])
            return f"{first_process.ROOT}{path}".rstrip("/"), layer, key
        if (mounted := self._mounted(location)) is None:
            return "/", self.scratch, location
        mount = self._mounts[mounted]
        return mounted, mount.tree.scratch, mount.place + location.removeprefix(mounted)

    def _mounted(self, location: str) -> str | None:
        """The path of the mount that a location lies in; of two the inner one."""
        path = "/".join(location.split("/", self._deepest + 1)[: self._deepest + 1])
        while path and path not in self._mounts:
            path = path.rpartition("/")[0]
        return path or None

    def _elsewhere(self, location: str) -> tuple[FileSystem, str] | None:
        """The files of another container where a location is in its root, and the location there. Raises `OSError`."""
        if self._first is None or not location.startswith(f"{first_process.DIRECTORY}/"):
            return None
        if not self._first.is_open:
            raise os_error(errno.EACCES, location)
        below = location.removeprefix(first_process.ROOT)
        return (self._first.files, below or "/") if below != location else None

    def _resolve(self, path: str, *, follow: bool) -> str:
        """The location without links or dots. A path that ends in a slash follows its link (path_resolution(7)).

        Raises `OSError`.
        """
        if not path or "\0" in path:
            raise os_error(errno.ENOENT, path)
        if len(path) > PATH_LIMIT:
            raise os_error(errno.ENAMETOOLONG, path)
        follow = follow or path.endswith("/")
        way = [("/", self._inode("/"))]
        pending = [name for name in reversed(path.split("/")) if name not in ("", ".")]
        links = 0
        known: dict[str, Inode] = {}  # of `a/../a/../a` each name once
        while pending:
            name = pending.pop()
            location, here = way[-1]
            if not here.is_directory:
                raise os_error(errno.ENOTDIR, path)
            if not self.may(here, 1):
                raise os_error(errno.EACCES, path)
            if name == "..":
                del way[max(1, len(way) - 1) :]
                continue
            below = f"{location.rstrip('/')}/{name}"
            try:
                inode = known.get(below) or known.setdefault(below, self._inode(below))
            except OSError as error:
                raise os_error(error.errno or errno.ENOENT, path) from None
            if not inode.is_link or (not pending and not follow):
                way.append((below, inode))
                continue
            links += 1
            if links > LINK_LIMIT:
                raise os_error(errno.ELOOP, path)
            if inode.target.startswith("/"):
                del way[1:]
            pending += [part for part in reversed(inode.target.split("/")) if part not in ("", ".")]
        return way[-1][0]

    def _inode(self, location: str, *, counted: bool = False) -> Inode:
        """The inode at a resolved location; `counted` as for `real_inode`. Raises `OSError`."""
        if (found := self._elsewhere(location)) is not None:
            return found[0]._inode(found[1], counted=counted)
        path, layer, key = self._layer(location)
        if (written := layer.entries.get(key)) is not None:
            return written_inode(written)
        if layer is self.scratch:
            return self._image.inode(location)
        return self._mounts[path].inode(location.removeprefix(path), location, counted=counted)

    def may(self, inode: Inode, right: int) -> bool:
        """Whether the user has a right (4 read, 1 search). Root has every right (CAP_DAC_OVERRIDE)."""
        if self.user.uid == 0:
            return True
        if inode.uid == self.user.uid:
            return bool(inode.mode >> 6 & right)
        if inode.gid == self.user.gid or inode.gid in self.user.groups:
            return bool(inode.mode >> 3 & right)
        return bool(inode.mode & right)
