"""Writes a volume's files so that a reader sees all of the old ones or all of the new ones.

The algorithm of the kubelet (`pkg/volume/util/atomic_writer.go`), on a real directory:

    ..2026_11_24_22_40_49.865776187/token    the data, in a directory named after the time
    ..data -> ..2026_11_24_22_40_49.865776187
    token -> ..data/token

An update writes a new directory and swaps `..data` by a rename. Owners and modes are those that the kubelet would set;
where this process may not give files away they are kept beside the files, and `OwnedTree.attributes` tells them.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.world.node.volumes.owners import give_away, set_times
from app.world.node.volumes.path_limits import NAME_LIMIT, PATH_LIMIT, has_long_name
from app.world.node.volumes.scratch import Scratch

DATA_LINK = "..data"
NEW_DATA_LINK = "..data_tmp"
TMPFS = 0o1777
"""The mode of the root of a tmpfs."""


class InvalidPath(ValueError):
    """A file's path may not leave the volume, begin with `..` or be too long."""


@dataclass(frozen=True, kw_only=True)
class FileProjection:
    """A file to write: its content, its mode, and its owner where that is not root."""

    data: bytes
    mode: int
    user: int | None = None


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """Who owns a file, and what its mode bits are."""

    mode: int
    uid: int = 0
    gid: int = 0


_NOT_OWNED = Attributes(mode=0o777)


class OwnedTree:
    """A directory whose files belong to users that need not exist on this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = str(root)
        self._attributes: dict[str, Attributes] = {}
        self.scratch = Scratch()
        """What programs have written into it, where they may do so."""

    def own(self, path: Path, attributes: Attributes) -> None:
        """Sets owner and mode, on disk as far as this process may, and in the record in any case."""
        self._attributes[str(path)] = attributes
        if path.is_symlink():
            return
        try:
            give_away(path, attributes.uid, attributes.gid)
            os.chmod(path, attributes.mode)
        except (PermissionError, OverflowError):
            # We are not root: the file stays ours, and we can read it.
            os.chmod(path, attributes.mode | (0o700 if path.is_dir() else 0o600))

    def attributes(self, path: Path | str) -> Attributes:
        """The owner and mode that `own` has set; where it has set none, root's."""
        return self._attributes.get(str(path), _NOT_OWNED)

    def remove(self, directory: Path) -> None:
        """Deletes a directory, and the records of its files."""
        shutil.rmtree(directory, ignore_errors=True)
        for path in [known for known in self._attributes if Path(known).is_relative_to(directory)]:
            del self._attributes[path]


class AtomicWriter:
    """Keeps the files of one volume."""

    def __init__(self, tree: OwnedTree, now: Callable[[], float], *, mode: int = TMPFS) -> None:
        """`now`: Unix seconds by the node's clock; `mode`: the permission bits of the volume's own directory."""
        self.tree = tree
        self._now = now
        self._mode = mode

    def write(self, payload: Mapping[str, FileProjection], *, group: int | None = None) -> bool:
        """Makes the volume hold exactly `payload` (paths to files). Returns whether anything changed.

        `group` is the Pod's `fsGroup`. Raises `InvalidPath`, and `OSError` where two paths exclude each other.
        """
        # (1) The payload's paths must stay within the volume.
        for path in payload:
            check_place(path)
        # (2) If the files are as they should be already, nothing is touched.
        root = self.tree.root
        old = root / os.readlink(root / DATA_LINK) if (root / DATA_LINK).is_symlink() else None
        if old is not None and self._content(old) == {path: file.data for path, file in payload.items()}:
            return False
        # (3) A new directory, named after the time, with the files in it.
        moment = self._now()
        stamp = datetime.fromtimestamp(moment, UTC).strftime("..%Y_%m_%d_%H_%M_%S")
        new = root / f"{stamp}.{secrets.randbelow(2**32)}"
        new.mkdir()
        try:
            self._fill(new, payload, group)
        except BaseException:
            self.tree.remove(new)
            raise
        # (4) `..data` is swapped atomically.
        os.symlink(new.name, root / NEW_DATA_LINK)
        _swap(root / NEW_DATA_LINK, root / DATA_LINK)
        # (5) A link for each name at the top; the links of names that are gone are removed.
        names = {path.partition("/")[0] for path in payload}
        links = [root / DATA_LINK]
        for link in (root / name for name in names):
            if not link.is_symlink():
                os.symlink(f"{DATA_LINK}/{link.name}", link)
                links.append(link)
        for entry in root.iterdir():
            if not entry.name.startswith("..") and entry.name not in names:
                entry.unlink()
        # (6) The old directory is removed.
        if old is not None:
            self.tree.remove(old)
        if group is not None:
            for link in links:
                self.tree.own(link, Attributes(mode=0o777, gid=group))
        for made in (root, new, *new.rglob("*"), *links):
            set_times(made, (moment, moment))
        return True

    def _fill(self, directory: Path, payload: Mapping[str, FileProjection], group: int | None) -> None:
        # `fsGroup` (pkg/volume/volume_linux.go): the group may read files, and read and search directories (setgid, so
        # that the links made later belong to it as well).
        extra = (0o2550, 0o440) if group is not None else (0, 0)
        for path, file in payload.items():
            target = directory / path
            if target.parent != directory:
                target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.data)
            self.tree.own(target, Attributes(mode=file.mode | extra[1], uid=file.user or 0, gid=group or 0))
        for made in (directory, *(entry for entry in directory.rglob("*") if entry.is_dir())):
            self.tree.own(made, Attributes(mode=0o755 | extra[0], gid=group or 0))
        self.tree.own(self.tree.root, Attributes(mode=self._mode | extra[0], gid=group or 0))

    def _content(self, directory: Path) -> dict[str, bytes]:
        return {
            file.relative_to(directory).as_posix(): file.read_bytes() for file in directory.rglob("*") if file.is_file()
        }


def _swap(link: Path, place: Path) -> None:
    try:
        os.replace(link, place)
    except PermissionError:  # Windows replaces no link to a directory, so there it is gone for a moment
        place.unlink()
        os.replace(link, place)


def check_place(path: str) -> None:
    """Raises `InvalidPath` where a file's path within its volume is not one. The texts are those of `validatePath`."""
    if len(path) > PATH_LIMIT:
        raise InvalidPath(f"invalid path: must be less than or equal to {PATH_LIMIT} characters")
    if has_long_name(path):
        raise InvalidPath(f"invalid path: filenames must be less than or equal to {NAME_LIMIT} characters")
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise InvalidPath(path) from error
    if "\0" in path or path.startswith("..") or {"", ".", ".."} & set(path.split("/")):
        raise InvalidPath(path)
