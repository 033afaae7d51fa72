"""The directory in which the worlds of one process are kept, and the lock by which it is one process at a time.

    lock                held by the process that runs; its number is in it, and where its nodes have their files
    servers.json        the ports and the certificates
    worlds/<key>--<path>/    the files of one world (`journal`)
    worlds/<key>--<path>.unreadable/    those of a world that was set aside: no process reads or removes them

Directories are 0700 and files 0600: they hold private keys, tokens and access keys.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from app.own_folder import remove_left
from app.world.saved.codec import StateError, decode, encode
from app.world.saved.journal import FULL, SCHEMA, SNAPSHOT, Journal, NewerSchema, read, read_json, write_json
from app.world.saved.sections import KeptWorld
from app.world.saved.sections import read as read_sections

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_ASIDE = ".unreadable"
_FOLDER = re.compile(rf"([A-Za-z0-9-]{{1,100}})--([0-9a-f]{{32}})({re.escape(_ASIDE)})?")
_LOCK = "lock"
_SERVERS = "servers.json"
_WORLDS = "worlds"
_BEFORE_THE_LOCK = {_SERVERS, _WORLDS, "lost+found"}
"""What may be in a folder without a lock: a copy of kept worlds, and what mkfs leaves in a new volume."""
_log = logging.getLogger(__name__)


class InUse(Exception):
    """Another process holds the directory."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"process {holder} holds it")
        self.holder = holder
        """Its number."""


def holder(path: Path) -> str:
    """The number of the process that holds the directory at `path`; empty where none does. Nothing is changed."""
    if fcntl is None:
        return ""
    try:
        lock = os.open(path / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _number(lock)
    finally:
        os.close(lock)
    return ""


def check_folder(path: Path) -> None:
    """Raises `OSError` where the directory at `path` was not made for kept worlds: that of another user, who could read
    the keys and have left links in it, or one with other files, such as `/etc`. It would become 0700. Also where it is
    within such a directory or around one, whose own lock guards the same files."""
    if path.stat().st_uid != os.geteuid():
        raise OSError(errno.EPERM, os.strerror(errno.EPERM), str(path))
    others = not is_kept_in(path) and {it.name for it in path.iterdir()} - _BEFORE_THE_LOCK
    if others or is_kept_in(path / _WORLDS) or (path.name == _WORLDS and is_kept_in(path.parent)):
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(path))


def is_kept_in(path: Path) -> bool:
    """Whether a process has kept worlds at `path`."""
    return (path / _LOCK).is_file()


def _number(lock: int) -> str:
    return os.pread(lock, 20, 0).decode("ascii", "replace").partition("\n")[0] or "?"


@dataclass(frozen=True, kw_only=True)
class ServersRecord:
    """What clients know of the two servers."""

    aws_port: int
    kubernetes_port: int
    root_ca_pem: bytes
    server_pem: bytes = field(repr=False)
    """The private key of the https server, with its certificates."""


@dataclass(frozen=True, kw_only=True)
class KeptOnDisk:
    """A world that was kept."""

    key: str
    world: KeptWorld
    journal: Journal


def _check_place(kept: KeptOnDisk, others: list[KeptOnDisk]) -> None:
    """Whether a world has the path that its folder is named after: its nodes' files are made, and removed, there."""
    folder, path = kept.journal.directory, kept.world.origin.identity.path
    _, _, expected = folder.name.rpartition("--")
    if path != expected:
        raise StateError(f"{folder}: origin.identity.path", repr(path)[:80], expected)
    if path in {it.world.origin.identity.path for it in others}:
        raise StateError(f"{folder}: origin.identity.path", "that of another folder's world", "one folder for a world")


@dataclass(kw_only=True)
class _Content:
    """What is in a directory of kept worlds."""

    servers: ServersRecord | None = None
    worlds: list[KeptOnDisk] = field(default_factory=list)
    torn: list[Path] = field(default_factory=list)
    """Journals whose last line is incomplete."""
    unfinished: list[Path] = field(default_factory=list)
    """Folders of worlds that were being made, or thrown away, when a process was killed."""
    unreadable: dict[Path, StateError | OSError] = field(default_factory=dict)
    """Why a world cannot be read, by its folder."""
    aside: list[Path] = field(default_factory=list)
    """Folders of worlds that were set aside before, because they could not be read."""

    def check(self, *, alone: bool) -> None:
        """Raises the error of a world without which no process starts here: of the one world of the person who starts
        it (`alone`), of one that a newer version has written, or of several, where none can be read. Then nothing has
        happened to one world: another version has written them, or the disk fails. Others start without the world."""
        if self.unreadable and (alone or not self.worlds):
            error = next(iter(self.unreadable.values()))
            if alone or len(self.unreadable) > 1 or isinstance(error, NewerSchema):
                raise error


def read_directory(directory: Path) -> _Content:
    """All that is kept there. Nothing is changed. Raises `StateError` and `OSError`, but not for a single world."""
    content = _Content()
    path = directory / _SERVERS
    if path.exists():
        document = read_json(path)
        content.servers = decode(ServersRecord, document.get("servers"), f"{path}: servers")
        for name in ("aws_port", "kubernetes_port"):
            if not 0 < (port := getattr(content.servers, name)) < 65536:
                raise StateError(f"{path}: servers.{name}", str(port)[:80], "a port, from 1 to 65535")
    found = []
    for folder in sorted(_listed(directory / _WORLDS)):
        if (named := _FOLDER.fullmatch(folder.name)) is None:
            continue
        if named[3]:
            content.aside.append(folder)
            continue
        try:
            found.append(((folder / SNAPSHOT).stat().st_mtime, named[1], folder))
        except FileNotFoundError:
            content.unfinished.append(folder)
        except OSError as error:
            content.unreadable[folder] = error
    for _, key, folder in sorted(found, reverse=True):
        if key in {it.key for it in content.worlds}:
            content.unfinished.append(folder)  # of two under one key the older one was about to go
            continue
        try:
            kept, torn = read_world(key, folder)
            _check_place(kept, content.worlds)
        except (StateError, OSError) as error:
            content.unreadable[folder] = error
            continue
        content.worlds.append(kept)
        content.torn.extend([torn] if torn is not None else [])
    return content


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def read_world(key: str, folder: Path) -> tuple[KeptOnDisk, Path | None]:
    """What is kept of a world, and its journal where the last line of that is incomplete. Raises `StateError` and
    `OSError`."""
    found = read(folder)
    try:
        world = read_sections(found.sections)
    except StateError as error:
        raise StateError(f"{folder}: {error.where}", error.got, error.expected) from error
    return KeptOnDisk(key=key, world=world, journal=Journal(folder, found.generation, found.torn)), found.torn


def why_unreadable(folder: Path) -> str:
    """Why the world in a folder cannot be read, with the name of the file; empty where it can."""
    try:
        read_world("", folder)
    except (StateError, OSError) as error:
        return str(error)
    return ""


class StateDirectory(AbstractContextManager["StateDirectory"]):
    """The directory, locked by this process from `__init__` to `close`."""

    def __init__(self, path: Path, *, fresh: bool = False, alone: bool = False) -> None:
        """`fresh`: whether what is there is removed. Else it is read, and nothing of it is changed. `alone`: whether it
        is for one world, without which nothing starts.

        Raises `InUse`, `StateError` and `OSError`, among them that of a system without the locks
        of flock(2), and those of `check_folder` and `_Content.check`.
        """
        if fcntl is None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK), str(path))
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_folder(path)
        path.chmod(0o700)
        self.path = path
        self._lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._take()
            if fresh:
                self._clear()
            (path / _WORLDS).mkdir(mode=0o700, exist_ok=True)
            found = read_directory(path)
            found.check(alone=alone)
        except BaseException:
            self.close()
            raise
        self.servers, self.worlds = found.servers, found.worlds
        self.torn, self._unfinished = found.torn, found.unfinished
        self._unreadable, self.aside = found.unreadable, found.aside

    def _take(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUse(_number(self._lock)) from error
        _, _, left = os.pread(self._lock, 4096, 0).decode("utf-8", "replace").partition("\n")
        self._left = Path(left.strip())
        self._write_lock("")

    def take_over(self, files: Path, servers: ServersRecord) -> None:
        """Notes what clients know of the servers, and where this process has its nodes' `files`.

        Removes the files that the process before it has left, if it was killed. Sets the worlds aside that cannot be
        read. Raises `OSError`.
        """
        remove_left(self._left)
        for folder in self._unfinished:
            shutil.rmtree(folder, ignore_errors=True)
        for unreadable, error in self._unreadable.items():
            self.set_aside(unreadable, error)
        self._write_lock(f"{files}\n")
        if servers != self.servers:
            self.servers = servers
            write_json(self.path / _SERVERS, {"schema": SCHEMA, "servers": encode(ServersRecord, servers)})

    def set_aside(self, folder: Path, error: Exception) -> None:
        """Keeps the world of a folder no longer, because of that error, and removes nothing of it. Raises `OSError`."""
        self.aside.append(aside := folder.rename(folder.with_name(f"{folder.name}{_ASIDE}")))
        self.worlds = [it for it in self.worlds if it.journal.directory != folder]
        _log.warning("A kept world cannot be read and is set aside in %s: %r", aside, error)

    @property
    def lost(self) -> set[str]:
        """The keys of the learners whose worlds are set aside, and who have no other one."""
        return {it.name.rpartition("--")[0] for it in self.aside} - {it.key for it in self.worlds}

    def _write_lock(self, second_line: str) -> None:
        content = f"{os.getpid()}\n{second_line}".encode()
        try:  # over what is there: on a full disk, a file that is emptied first may not get its room back
            os.pwrite(self._lock, content, 0)
            os.ftruncate(self._lock, len(content))
        except OSError as error:  # the lock holds without what is in it
            if error.errno not in FULL:
                raise

    def _clear(self) -> None:
        shutil.rmtree(self.path / _WORLDS, ignore_errors=True)
        (self.path / _SERVERS).unlink(missing_ok=True)

    def journal(self, key: str, path: str) -> Journal:
        """The files of a new world with that path, under a learner's key."""
        return Journal(self.path / _WORLDS / f"{key}--{path}")

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets another process have it. Twice is no error."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
