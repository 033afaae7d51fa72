"""A directory as a value: all files in it, to be restored later exactly as they were."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.world.node.volumes.owners import give_away, set_times


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file, a directory or a symbolic link."""

    path: str
    """Relative to the directory that was read."""
    mode: int
    """Type and permission bits."""
    uid: int
    gid: int
    modified: int
    """Unix nanoseconds."""
    content: bytes
    """The content of a file, the target of a link; empty for a directory."""


def read_tree(directory: Path, known: Iterable[KeptFile] = ()) -> tuple[KeptFile, ...]:
    """All files and folders under a directory, each folder before what is in it.

    A file that is as it was in `known` is the same object, so that it is kept once.
    """
    same = {file: file for file in known}
    files = (_read(directory, path) for path in sorted(directory.rglob("*")))
    return tuple(same.get(file, file) for file in files)


def write_tree(directory: Path, files: tuple[KeptFile, ...]) -> None:
    """Makes the content of a directory exactly `files`. If it is already, nothing is touched."""
    if read_tree(directory) == files:
        return
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    for file in files:
        _write(directory / file.path, file)
    # The files of a directory come before its time, which changes when they are made.
    for file in reversed(files):
        set_times(directory / file.path, ns=(file.modified, file.modified))


def _read(directory: Path, path: Path) -> KeptFile:
    found = path.lstat()
    content = b""
    if stat.S_ISLNK(found.st_mode):
        content = os.fsencode(os.readlink(path))
    elif stat.S_ISREG(found.st_mode):
        content = path.read_bytes()
    name = path.relative_to(directory).as_posix()
    return KeptFile(name, found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, content)


def _write(path: Path, file: KeptFile) -> None:
    if stat.S_ISLNK(file.mode):
        path.symlink_to(os.fsdecode(file.content))
        return
    if stat.S_ISDIR(file.mode):
        path.mkdir()
    else:
        path.write_bytes(file.content)
    with contextlib.suppress(PermissionError):  # a user who may not give files away has not given this one away before
        give_away(path, file.uid, file.gid)
    path.chmod(stat.S_IMODE(file.mode))
