"""What a container sees of a volume: all of it, or the file or directory that a `subPath` names.

The kubelet looks for the `subPath` once, when it creates the container, and mounts what is there. The container keeps
that file until it is created again. A token is renewed by a new file in a new directory, so a token that is mounted by
its `subPath` stays the old one. Source: `makeMounts` in `pkg/kubelet/kubelet_pods.go` and
`pkg/volume/util/subpath/subpath_linux.go`.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from app.world.node.volumes.atomic_writer import OwnedTree
from app.world.node.volumes.inodes import Inode, os_error, real_inode, written_inode
from app.world.node.volumes.path_limits import check_path
from app.world.node.volumes.scratch import Written


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A volume, or a part of it, in a container."""

    tree: OwnedTree
    place: str = ""
    """The mounted part, as an absolute path within the volume and without links; empty for the whole volume."""
    found: Inode | None = None
    """The mounted file or directory as it was when the container was created; None for the whole volume."""

    @property
    def size(self) -> int:
        """Bytes of memory that the file takes that it keeps."""
        return len(self.found.content or b"") if self.found else 0

    def inode(self, below: str, location: str, *, counted: bool) -> Inode:
        """What the volume has on the disk at a path below the mount, which is `location` in the container; `counted` as
        for `real_inode`. Raises `OSError`."""
        real = (self.tree.path + self.place + below).rstrip("/")
        try:
            return real_inode(self.tree, real, location, counted=counted)
        except OSError:
            if below or self.found is None:
                raise
            return self.found  # the name is gone from the volume, and the container still has the file


def mount_part(tree: OwnedTree, sub_path: str, now: float, check_room: Callable[[int], None]) -> Mount:
    """The mount of what a `subPath` names, or of the whole volume where it names nothing.

    What is not there becomes a directory, with the mode of the volume. `now`: its time, in Unix seconds; `check_room`
    raises where the node has no memory for so many bytes more. Raises `OSError` where it cannot be made.
    """
    check_path(sub_path)
    place = posixpath.normpath(f"/{sub_path}").lstrip("/")
    if not place:
        return Mount(tree=tree)
    place = f"/{place}"
    if place in tree.scratch.entries:
        return _kept(tree, place, written_inode(tree.scratch.entries[place]))
    root, real = (os.path.realpath(path) for path in (tree.path, tree.path + place))
    if os.path.exists(real) and real.startswith(f"{root}{os.sep}"):
        place = f"/{Path(real).relative_to(root).as_posix()}"
        inode = real_inode(tree, tree.path + place, place, counted=False)
        check_room(inode.size)
        return _kept(tree, place, inode)
    _make_directories(tree, place, now, check_room)
    return _kept(tree, place, written_inode(tree.scratch.entries[place]))


def _kept(tree: OwnedTree, place: str, inode: Inode) -> Mount:
    """A mount with what is there now, as it will be once no name in the volume leads to it any more."""
    content = inode.content
    if inode.real is not None and not inode.is_directory:
        content = Path(inode.real).read_bytes()
    return Mount(tree=tree, place=place, found=replace(inode, real=None, content=content, links=0))


def _make_directories(tree: OwnedTree, place: str, now: float, check_room: Callable[[int], None]) -> None:
    """Makes a directory in a volume, with those that lead to it. Raises `OSError`."""
    root = tree.attributes(tree.root)
    made = Written(mode=root.mode & ~stat.S_ISVTX, uid=0, gid=root.gid, modified=now)
    names = place.split("/")[1:]
    for count in range(1, len(names) + 1):
        path = "/" + "/".join(names[:count])
        entry = tree.scratch.entries.get(path)
        if (entry is not None and entry.content is not None) or os.path.isfile(tree.path + path):
            raise os_error(errno.ENOTDIR, path)
        if entry is None and not os.path.isdir(tree.path + path):
            check_room(tree.scratch.growth(path, made))
            tree.scratch.entries[path] = made
