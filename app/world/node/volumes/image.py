"""What a container has beside its volumes before a program has written: some directories, and a few files."""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Collection, Mapping

from app.world.node.volumes.inodes import Inode, image_directory, os_error, written_inode
from app.world.node.volumes.mounts import Mount
from app.world.node.volumes.scratch import Written


class Image:
    """The directories and files of one container's image, and the directories that lead to what is mounted."""

    def __init__(
        self,
        mounts: Mapping[str, Mount],
        directories: Mapping[str, int],
        files: Mapping[str, bytes],
        created: float,
    ) -> None:
        """`directories`: with their modes; `files`: with their contents, those below a mount are hidden."""
        self._modes = directories
        self._created = created
        self._files = {
            path: content
            for path, content in files.items()
            if not any(f"{path}/".startswith(f"{mounted}/") for mounted in mounts)
        }
        self._names: dict[str, set[str]] = {"/": set()}
        """The names in each directory."""
        for path in (*mounts, *self._files, *directories):
            if path in directories and path not in mounts:
                self._names.setdefault(path, set())
            while path != "/":
                parent, _, name = path.rpartition("/")
                path = parent or "/"
                self._names.setdefault(path, set()).add(name)
        no_directories = {path for path, mount in mounts.items() if mount.found and not mount.found.is_directory}
        no_directories |= self._files.keys()
        self._subdirectories = {
            path: sum(posixpath.join(path, name) not in no_directories for name in names)
            for path, names in self._names.items()
        }

    @property
    def size(self) -> int:
        """Bytes of memory for the contents of its files."""
        return sum(map(len, self._files.values()))

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
