"""`tar` as `kubectl cp` uses it: `tar cf - PATH` out of a container, `tar -xmf - -C DIRECTORY` into one."""

from __future__ import annotations

import io
import posixpath
import stat
import tarfile
from collections.abc import Awaitable, Callable
from typing import Protocol

from app.flow.ports import Execution
from app.world.node.volumes.filesystem import FileSystem

ARCHIVE_LIMIT = 1024 * 1024
"""Bytes of an archive at most."""
_STEPS = 40
"""Steps that each member counts as: others wait meanwhile."""
MEMBERS_LIMIT = 1000
"""Files and directories of an archive at most."""


class _Failed(Exception):
    """The text is `tar`'s error message."""


class Readable(Protocol):
    """The source of an archive."""

    async def read(self) -> bytes:
        """The next bytes; none at the end."""


async def _no_step(_: int) -> None:
    pass


async def tar(
    arguments: list[str],
    files: FileSystem,
    directory: str,
    streams: Readable | None,
    step: Callable[[int], Awaitable[None]] = _no_step,
) -> Execution:
    """Runs `tar`. Knows `c` and `x` with the file `-`, `C`, and `m`, `p`, `o` and `v`, which change nothing here.

    `step` counts steps, and gives way to other work.
    """
    mode, paths = "", []
    pending = list(arguments)
    if pending and not pending[0].startswith("-"):
        pending[0] = f"-{pending[0]}"
    while pending:
        word = pending.pop(0)
        if word == "-C" or word.startswith("--directory"):
            _, equals, value = word.partition("=")
            directory = posixpath.join(directory, value if equals else (pending.pop(0) if pending else ""))
        elif word in ("--no-same-owner", "--no-same-permissions", "--"):
            continue
        elif word.startswith("-") and len(word) > 1:
            mode += word[1:]
            if "f" in word and pending and pending.pop(0) != "-":
                return _failure("only the archive - (standard input or output) is in this simulated image")
        else:
            paths.append(word)
    if not set(mode) <= set("cxmfpov") or ("c" in mode) == ("x" in mode):
        return _failure(f"-{mode}: not in this simulated image")
    try:
        if "c" in mode:
            return await _create(paths, files, directory, step)
        return await _extract(files, directory, streams, step)
    except OSError as error:
        return _failure(f"{error.filename}: Cannot open: {error.strerror}")
    except (tarfile.TarError, _Failed) as error:
        return _failure(str(error))


def _failure(text: str) -> Execution:
    return Execution(stdout="", stderr=f"tar: {text}\ntar: Error is not recoverable: exiting now\n", exit_code=2)


async def _create(
    paths: list[str], files: FileSystem, directory: str, step: Callable[[int], Awaitable[None]]
) -> Execution:
    if not paths:
        raise _Failed("Cowardly refusing to create an empty archive")
    archive, warnings, code = io.BytesIO(), "", 0
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as target:
        left = [(path, posixpath.join(directory, path)) for path in reversed(paths)]
        count = 0
        while left:
            name, path = left.pop()
            await step(_STEPS + len(path) // 8)
            count += 1
            if count > MEMBERS_LIMIT or archive.tell() > ARCHIVE_LIMIT:
                raise _Failed("the archive is too large for this simulated image")
            if name.startswith("/"):
                warning = "tar: Removing leading `/' from member names\n"
                warnings += "" if warning in warnings else warning
            try:
                left += reversed(_add(target, name, path, files))
            except OSError as error:
                warnings += f"tar: {name}: Cannot stat: {error.strerror}\n"
                code = 2
    if code:
        warnings += "tar: Exiting with failure status due to previous errors\n"
    return Execution(stdout=archive.getvalue().decode("utf-8", "surrogateescape"), stderr=warnings, exit_code=code)


def _add(target: tarfile.TarFile, name: str, path: str, files: FileSystem) -> list[tuple[str, str]]:
    """Adds one member; returns the members of a directory. Raises `OSError`."""
    inode = files.stat(path, follow=False)
    member = tarfile.TarInfo(name.lstrip("/") or ".")
    member.mode, member.mtime = stat.S_IMODE(inode.mode), int(inode.modified)
    member.uid, member.gid = inode.uid, inode.gid
    if inode.is_directory:
        member.type = tarfile.DIRTYPE
        target.addfile(member)
        return [(posixpath.join(name, child), posixpath.join(path, child)) for child in files.listdir(path)]
    if inode.is_link:
        member.type, member.linkname = tarfile.SYMTYPE, inode.target
        target.addfile(member)
        return []
    content = files.read(path)
    member.size = len(content)
    target.addfile(member, io.BytesIO(content))
    return []


async def _extract(
    files: FileSystem, directory: str, streams: Readable | None, step: Callable[[int], Awaitable[None]]
) -> Execution:
    content = b""
    while streams is not None and (data := await streams.read()):
        content += data
        if len(content) > ARCHIVE_LIMIT:
            raise _Failed("the archive is too large for this simulated image")
    if not content:
        raise _Failed("This does not look like a tar archive")
    # `r:`: a packed archive is none, as for GNU tar without `-z`. A file with holes may be longer than its archive.
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as source:
        for count, member in enumerate(source):
            if count >= MEMBERS_LIMIT or member.size > ARCHIVE_LIMIT:
                raise _Failed("the archive is too large for this simulated image")
            # No member may lead out of the directory. It could only change the container's own files, but tar refuses
            # as well.
            name = posixpath.normpath(member.name.lstrip("/"))
            path = posixpath.join(directory, name)
            await step(_STEPS + len(path) // 8)
            if ".." in member.name.split("/"):
                raise _Failed(f"{member.name}: Member name contains '..'")
            if member.isdir():
                _ensure_directory(files, path)
            elif member.isfile():
                found = source.extractfile(member)
                files.write(path, found.read() if found else b"")
    return Execution(stdout="", stderr="", exit_code=0)


def _ensure_directory(files: FileSystem, path: str) -> None:
    try:
        files.mkdir(path)
    except FileExistsError:
        return
