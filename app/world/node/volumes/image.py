"""What a container has beside its volumes before a program has written: some directories, and a few files."""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Collection, Mapping

from app.world.node.volumes.inodes import Inode, image_directory, os_error, written_inode
from app.world.node.volumes.mounts import Mount
from app.world.node.volumes.path_limits import check_path
from app.world.node.volumes.scratch import ENTRY_BYTES, SCRATCH_BYTES, Written


class Image:
    """The directories and files of one container's image, and the directories that lead to what is mounted."""

    def __init__(
        self,
        mounts: Mapping[str, Mount],
        directories: Mapping[str, int],
        files: Mapping[str, bytes],
        created: float,
    ) -> None:
        """`directories`: with their modes; `files`: with their contents, those below a mount are hidden.

        Raises `OSError` where a path is too long, or where the names of all take more than one layer's bytes.
        """
        self._modes = directories
        self._created = created
        self._files = {
            path: content
            for path, content in files.items()
            if not any(f"{path}/".startswith(f"{mounted}/") for mounted in mounts)
        }
        self._names: dict[str, set[str]] = {"/": set()}
        """The names in each directory."""
        self._size = sum(map(len, self._files.values()))
        room = SCRATCH_BYTES
        for path in (*mounts, *self._files, *directories):
            check_path(path)
            if path in directories and path not in mounts:
                self._names.setdefault(path, set())
            while path != "/" and posixpath.basename(path) not in self._names.get(posixpath.dirname(path), ()):
                room -= ENTRY_BYTES + len(path)
                if room < 0:
                    raise os_error(errno.ENOSPC, path)
                path, name = posixpath.split(path)
                self._names.setdefault(path, set()).add(name)
        self._size += SCRATCH_BYTES - room
        no_directories = {path for path, mount in mounts.items() if mount.found and not mount.found.is_directory}
        no_directories |= self._files.keys()
        self._subdirectories = {
            path: sum(posixpath.join(path, name) not in no_directories for name in names)
            for path, names in self._names.items()
        }

    @property
    def size(self) -> int:
        """Bytes of memory for its names and the contents of its files."""
        return self._size

    def names(self, location: str) -> Collection[str]:
        """The names in a directory; none where there is no such directory."""
        return self._names.get(location, ())

    def inode(self, location: str) -> Inode:
        """What is there. Raises `OSError`."""
        if (content := self._files.get(location)) is not None:
            return written_inode(Written(mode=0o644, uid=0, gid=0, modified=self._created, content=content))
        if location not in self._names:
            raise os_error(errno.ENOENT, location)
        return image_directory(self._modes.get(location, 0o755), self._subdirectories[location], self._created)
