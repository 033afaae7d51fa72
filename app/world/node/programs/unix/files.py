"""`ls`, `mkdir`, `rmdir`, `touch`, `rm`, `cp`, `mv`, `chmod`, `chown`."""

from __future__ import annotations

import contextlib
import posixpath
import re
import stat as modes

from app.world.node.programs.unix.options import UsageProblem, options
from app.world.node.shell.process import Process

_STEPS = 10
"""Steps that a file counts as that is written, for which the node's memory is looked at."""
_UMASK = 0o022
"""Bits that a clause without `u`, `g`, `o` or `a` leaves as they are (POSIX.1-2017, `chmod`)."""


async def ls(process: Process) -> int:
    """Prints as both families of images do (`app.world.node.programs.unix.listing`)."""
    done = process.own_container.run(process.arguments, process.limits.spend)
    await process.stdout.write(done.stdout)
    await process.stderr.write(done.stderr)
    return done.exit_code


async def mkdir(process: Process) -> int:
    """Makes directories, with `-p` also their missing parents."""
    found, paths = options(process, "pv", "m")
    need(paths)
    status = 0
    for path in paths:
        parts = path.rstrip("/").split("/") if "p" in found else []
        for wanted in ("/".join(parts[: end + 1]) for end in range(len(parts))) if parts else [path]:
            await process.limits.step(1 + len(wanted) // 20)
            try:
                if not wanted and not parts:
                    raise FileNotFoundError(2, "No such file or directory")
                if wanted and not ("p" in found and _is_directory(process, wanted)):
                    process.files.mkdir(process.path(wanted))
                    await _say(process, found, f"mkdir: created directory '{wanted}'")
                    if "m" in found and wanted == path.rstrip("/"):
                        _set_mode(process, process.path(wanted), _mode(found["m"], 0o777))
            except OSError as error:
                status = await process.complain(f"cannot create directory '{wanted}': {error.strerror}")
                break
    return status


async def rmdir(process: Process) -> int:
    """Removes empty directories."""
    _, paths = options(process, "")
    need(paths)
    status = 0
    for path in paths:
        await process.limits.step()
        try:
            if not process.files.stat(process.path(path)).is_directory:
                raise NotADirectoryError(20, "Not a directory", path)
            process.files.remove(process.path(path))
        except OSError as error:
            status = await process.complain(f"failed to remove '{path}': {error.strerror}")
    return status


async def touch(process: Process) -> int:
    """Makes missing files, and sets the time of existing ones to now."""
    found, paths = options(process, "camf")
    need(paths)
    status = 0
    for path in paths:
        await process.limits.step(_STEPS)
        try:
            if not _is_directory(process, path) and not ("c" in found and not _is_there(process, path)):
                process.files.write(process.path(path), b"", append=True)
        except OSError as error:
            status = await process.complain(f"cannot touch '{path}': {error.strerror}")
    return status


async def rm(process: Process) -> int:
    """Removes files; with `-r` directories and all files in them."""
    found, paths = options(process, "rRfv", long={"recursive": "r", "force": "f", "verbose": "v"})
    if not paths and "f" in found:
        return 0
    need(paths)
    status = 0
    for path in paths:
        if posixpath.basename(path.rstrip("/")) in (".", ".."):
            status = await process.complain(f"refusing to remove '.' or '..' directory: skipping '{path}'")
            continue
        try:
            await _remove(process, path, found, recursive=bool(found.keys() & {"r", "R"}))
        except FileNotFoundError as error:
            if "f" not in found:
                status = await process.complain(f"cannot remove '{path}': {error.strerror}")
        except OSError as error:
            status = await process.complain(f"cannot remove '{path}': {error.strerror}")
    return status


async def _say(process: Process, found: dict[str, str], text: str) -> None:
    """Prints what `-v` asks for."""
    if "v" in found:
        await process.stdout.write(f"{text}\n")


async def _remove(process: Process, path: str, found: dict[str, str], *, recursive: bool) -> None:
    await process.limits.step()
    inode = process.files.stat(process.path(path), follow=False)
    if inode.is_directory:
        if not recursive:
            raise IsADirectoryError(21, "Is a directory", path)
        for name in process.files.listdir(process.path(path)):
            await _remove(process, posixpath.join(path, name), found, recursive=True)
    process.files.remove(process.path(path))
    await _say(process, found, f"removed {'directory ' if inode.is_directory else ''}'{path}'")


async def cp(process: Process) -> int:
    """Copies files; with `-r` directories."""
    found, paths = options(process, "rRafpv", long={"recursive": "r"})
    return await _each(process, paths, found, move=False, recursive=bool(found.keys() & {"r", "R", "a"}))


async def mv(process: Process) -> int:
    """Moves files and directories."""
    found, paths = options(process, "fv")
    return await _each(process, paths, found, move=True, recursive=True)


async def _each(process: Process, paths: list[str], found: dict[str, str], *, move: bool, recursive: bool) -> int:
    need(paths)
    if len(paths) == 1:
        raise UsageProblem(f"missing destination file operand after '{paths[0]}'")
    *sources, target = paths
    into = _is_directory(process, target)
    if len(sources) > 1 and not into:
        return await process.complain(
            f"target '{target}': {'No such file or directory' if not _is_there(process, target) else 'Not a directory'}"
        )
    status = 0
    for source in sources:
        wanted = posixpath.join(target, posixpath.basename(source.rstrip("/"))) if into else target
        if posixpath.normpath(process.path(wanted)) == posixpath.normpath(process.path(source)):
            status = await process.complain(f"'{source}' and '{wanted}' are the same file")
            continue
        if f"{posixpath.normpath(process.path(wanted))}/".startswith(f"{posixpath.normpath(process.path(source))}/"):
            status = await process.complain(f"cannot copy a directory, '{source}', into itself, '{wanted}'")
            continue
        if wanted.endswith("/") and not into and _is_there(process, source) and not _is_directory(process, source):
            what = f"cannot move '{source}' to '{wanted}'" if move else f"cannot create regular file '{wanted}'"
            status = await process.complain(f"{what}: Not a directory")
            continue
        try:
            keep = move or bool(found.keys() & {"a", "p"})
            await _copy(process, source, wanted, {} if move else found, recursive=recursive, keep=keep)
            if move:
                await _remove(process, source, {}, recursive=True)
                await _say(process, found, f"renamed '{source}' -> '{wanted}'")
        except IsADirectoryError:
            status = await process.complain(f"-r not specified; omitting directory '{source}'")
        except OSError as error:
            there = _is_there(process, source)
            what = f"cannot create regular file '{wanted}'" if there else f"cannot stat '{source}'"
            status = await process.complain(f"{what}: {error.strerror}")
    return status


async def _copy(
    process: Process, source: str, target: str, found: dict[str, str], *, recursive: bool, keep: bool
) -> None:
    """Copies a file or a directory; with `keep` also its owner, all bits of its mode, and a file's time."""
    await process.limits.step()
    files, place = process.files, process.path(target)
    inode = files.stat(process.path(source))
    is_new = not _is_there(process, target)
    if not inode.is_directory or (recursive and not _is_directory(process, target)):
        await _say(process, found, f"'{source}' -> '{target}'")
    if not inode.is_directory:
        files.write(place, files.read(process.path(source)), modified=inode.modified if keep else 0.0)
    elif not recursive:
        raise IsADirectoryError(21, "Is a directory", source)
    else:
        if not _is_directory(process, target):
            files.mkdir(place)
        for name in files.listdir(process.path(source)):
            below = posixpath.join(source, name), posixpath.join(target, name)
            await _copy(process, *below, found, recursive=True, keep=keep)
    if keep:
        with contextlib.suppress(PermissionError):  # only root gives files away
            files.chown(place, inode.uid, inode.gid)
            files.chmod(place, modes.S_IMODE(inode.mode))
    elif is_new:
        _set_mode(process, place, modes.S_IMODE(inode.mode) & ~_UMASK)


def _set_mode(process: Process, place: str, mode: int) -> None:
    """Sets permission bits; a directory keeps its setgid (coreutils' manual, "Directories and the Set-User-ID and
    Set-Group-ID Bits")."""
    inode = process.files.stat(place)
    process.files.chmod(place, mode | (inode.mode & modes.S_ISGID if inode.is_directory else 0))


async def chmod(process: Process) -> int:
    """Sets permission bits: `755`, `u+x`, `a-w`."""
    words = [word for word in process.arguments[1:] if word != "-R"]
    if len(words) < 2:
        raise UsageProblem(f"missing operand after '{words[0]}'" if words else "missing operand")
    status = 0
    for path in words[1:]:
        await process.limits.step(1 + len(words[0]) // 20)
        try:
            inode = process.files.stat(process.path(path))
            _set_mode(process, process.path(path), _mode(words[0], modes.S_IMODE(inode.mode)))
        except OSError as error:
            reading = isinstance(error, FileNotFoundError)
            what = f"cannot access '{path}'" if reading else f"changing permissions of '{path}'"
            status = await process.complain(f"{what}: {error.strerror}")
    return status


def _mode(text: str, old: int) -> int:
    if re.fullmatch(r"[0-7]{1,4}", text):
        return int(text, 8)
    for clause in text.split(","):
        found = re.fullmatch(r"([ugoa]*)([-+=])([rwx]*)", clause)
        if found is None:
            raise UsageProblem(f"invalid mode: '{text}'")
        who, kept = found[1].replace("a", "ugo") or "ugo", 0 if found[1] else _UMASK
        bits = sum({"r": 4, "w": 2, "x": 1}[letter] for letter in set(found[3]))
        mask = sum(bits << {"u": 6, "g": 3, "o": 0}[letter] for letter in set(who)) & ~kept
        whole_mask = sum(7 << {"u": 6, "g": 3, "o": 0}[letter] for letter in set(who))
        old = {"+": old | mask, "-": old & ~mask, "=": (old & ~whole_mask) | mask}[found[2]]
    return old


async def chown(process: Process) -> int:
    """Sets users and groups by their numbers: `1000`, `1000:1000`, `:1000`; also `chgrp`."""
    words = [word for word in process.arguments[1:] if word not in ("-R", "-h", "--recursive")]
    if len(words) < 2:
        raise UsageProblem(f"missing operand after '{words[0]}'" if words else "missing operand")
    owner = f":{words[0]}" if process.name == "chgrp" else words[0].replace("root", "0")
    found = re.fullmatch(r"([0-9]{0,10})(?:[:.]([0-9]{0,10}))?", owner)
    if found is None:
        raise UsageProblem(f"invalid user: '{words[0]}'")
    uid, gid = (int(text) if text else None for text in (found[1], found[2]))
    status = 0
    for path in words[1:]:
        try:
            await _own(
                process, path, uid, gid, recursive="-R" in process.arguments or "--recursive" in process.arguments
            )
        except OSError as error:
            reading = isinstance(error, FileNotFoundError)
            what = f"cannot access '{path}'" if reading else f"changing ownership of '{path}'"
            status = await process.complain(f"{what}: {error.strerror}")
    return status


async def _own(process: Process, path: str, uid: int | None, gid: int | None, *, recursive: bool) -> None:
    await process.limits.step()
    process.files.chown(process.path(path), uid, gid)
    if recursive and _is_directory(process, path):
        for name in process.files.listdir(process.path(path)):
            await _own(process, posixpath.join(path, name), uid, gid, recursive=True)


def need(paths: list[str]) -> None:
    """Raises `UsageProblem` where no path is given."""
    if not paths:
        raise UsageProblem("missing operand")


def _is_there(process: Process, path: str) -> bool:
    try:
        process.files.stat(process.path(path))
    except OSError:
        return False
    return True


def _is_directory(process: Process, path: str) -> bool:
    try:
        return process.files.stat(process.path(path)).is_directory
    except OSError:
        return False
