"""`stat`, `readlink`, `basename`, `dirname`, `mktemp`."""

from __future__ import annotations

import re
import secrets
import stat as modes
from datetime import UTC, datetime

from app.world.node.programs.unix.files import need
from app.world.node.programs.unix.options import UsageProblem, options
from app.world.node.shell.limits import OUTPUT, Killed
from app.world.node.shell.process import Process


async def stat(process: Process) -> int:
    """With `-c` and a format of `%a`, `%n`, `%s`, `%U`, `%u`, `%g`, `%F`, `%Y`, `%y`."""
    found, paths = options(process, "L", "c", {"format": "c"})
    need(paths)
    if "c" not in found:
        raise UsageProblem("only -c FORMAT is in this simulated image")
    status = 0
    for path in paths:
        await process.limits.step()
        try:
            inode = process.files.stat(process.path(path), follow="L" in found)
        except OSError as error:
            status = await process.complain(f"cannot statx '{path}': {error.strerror}")
            continue
        kind = "directory" if inode.is_directory else "symbolic link" if inode.is_link else "regular file"
        seconds, fraction = divmod(round(inode.modified * 1_000_000), 1_000_000)
        moment = datetime.fromtimestamp(seconds, UTC)
        values = {
            "y": f"{moment:%Y-%m-%d %H:%M:%S}.{fraction:06}000 +0000",
            **{"a": f"{modes.S_IMODE(inode.mode):o}", "A": modes.filemode(inode.mode), "n": path, "s": str(inode.size)},
            **{"u": str(inode.uid), "g": str(inode.gid), "F": kind, "Y": str(int(inode.modified))},
            **{"U": "root" if inode.uid == 0 else "UNKNOWN", "G": "root" if inode.gid == 0 else "UNKNOWN"},
        }
        if len(found["c"]) + found["c"].count("%n") * len(path) > OUTPUT:
            raise Killed
        text = re.sub(r"%(.)", lambda match: values.get(match[1], match[0]), found["c"])  # noqa: B023
        await process.stdout.write(f"{text}\n")
    return status


async def readlink(process: Process) -> int:
    """Where a link points to; with `-f` where it leads in the end."""
    found, paths = options(process, "fen")
    need(paths)
    status = 0
    for path in paths:
        await process.limits.step()
        try:
            if "f" in found:
                target = process.files.real(process.path(path))
            else:
                target = process.files.stat(process.path(path), follow=False).target
        except OSError:
            target = ""
        if target:
            await process.stdout.write(f"{target}\n")
        else:
            status = 1
    return status


async def basename(process: Process) -> int:
    """The last part of a path."""
    _, words = options(process, "")
    need(words)
    name = words[0].rstrip("/").rpartition("/")[2] or "/"
    if len(words) > 1 and name != words[1]:
        name = name.removesuffix(words[1])
    await process.stdout.write(f"{name}\n")
    return 0


async def dirname(process: Process) -> int:
    """The path without its last part."""
    _, words = options(process, "")
    need(words)
    for word in words:
        stripped = word.rstrip("/")
        directory, found, _ = stripped.rpartition("/")
        directory = directory.rstrip("/") or ("/" if found or (not stripped and word) else ".")
        await process.stdout.write(f"{directory}\n")
    return 0


async def mktemp(process: Process) -> int:
    """A new file, or with `-d` a directory, in `/tmp`."""
    found, words = options(process, "dqu", "p")
    template = words[0] if words else "/tmp/tmp.XXXXXXXXXX"  # noqa: S108
    if not template.endswith("XXX"):
        raise UsageProblem(f"too few X's in template '{template}'")
    stem = template.rstrip("X")
    path = stem + secrets.token_hex(20)[: len(template) - len(stem)]
    try:
        if "d" in found:
            process.files.mkdir(process.path(path))
        else:
            process.files.write(process.path(path), b"")
    except OSError as error:
        return await process.complain(f"failed to create file via template '{template}': {error.strerror}")
    await process.stdout.write(f"{path}\n")
    return 0
