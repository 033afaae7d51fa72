"""`ls` as the two families of images print it: busybox's applet, and GNU coreutils (Amazon Linux, Debian)."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from app.flow.ports import Execution
from app.world.node.volumes.filesystem import FileSystem
from app.world.node.volumes.inodes import Inode

OPTIONS = "aA1dhlLnrRSt"
_LETTERS = "bBcCDfFgGHiIkmNopqQsTuUvwxXZ"
"""Further options of the real `ls`."""
_STEPS = 4
"""Steps that each name counts as: others wait meanwhile."""
_LONG = {"l", "n"}
_HALF_YEAR = 365.2425 * 86400 / 2
USERS = {0: "root", 65534: "nobody"}
"""The names of users and groups in the images, by number."""


@dataclass(frozen=True, kw_only=True)
class _Entry:
    name: str
    inode: Inode | None
    """None where its directory may be read and not searched."""


def ls(
    arguments: list[str],
    files: FileSystem,
    *,
    directory: str,
    now: float,
    busybox: bool,
    spend: Callable[[int], None],
) -> Execution:
    """Runs `ls` with `arguments` in `directory`. Knows the options `-a -A -1 -d -h -l -L -n -r -R -S -t`.

    `spend` counts steps.
    """
    # (1) Options and paths.
    paths: list[str] = []
    options: set[str] = set()
    for position, argument in enumerate(arguments):
        if argument == "--":
            paths += arguments[position + 1 :]
            break
        if argument.startswith("-") and argument != "-":
            if unknown := [letter for letter in argument[1:] if letter not in OPTIONS]:
                return _usage(argument, unknown[0], busybox=busybox)
            options |= set(argument[1:])
        else:
            paths.append(argument)
    # (2) Files first, then directories, as ls orders them.
    errors: list[str] = []
    exit_code = 0
    loose: list[_Entry] = []
    inside: list[str] = []
    for path in sorted(paths or ["."]):
        full = posixpath.join(directory, path)
        spend(_STEPS + len(full) // 8)
        try:
            follow = "L" in options or (not options & {"l", "n", "d"})
            inode = files.stat(full, follow=follow)
            if inode.is_directory and "d" not in options:
                inside.append(path)
            else:
                loose.append(_Entry(name=path, inode=inode))
        except OSError as error:
            errors.append(_complaint("access", path, error, busybox=busybox))
            exit_code = 1 if busybox else 2
    # (3) Print.
    blocks: list[str] = []
    if loose:
        blocks.append(_lines(_in_order(loose, options), options, now=now, busybox=busybox))
    while inside:
        path = inside.pop(0)
        heading = f"{path}:\n" if len(paths) > 1 or "R" in options else ""
        try:
            entries = _children(files, posixpath.join(directory, path), options)
        except OSError as error:
            errors.append(_complaint("open directory", path, error, busybox=busybox))
            exit_code = 1 if busybox else 2
            continue
        spend(_STEPS * len(entries))
        if options & _LONG or busybox:  # else a name is enough
            unknown = [entry.name for entry in entries if entry.inode is None]
            refused = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            errors += [_complaint("access", posixpath.join(path, it), refused, busybox=busybox) for it in unknown]
            exit_code = exit_code or min(len(unknown), 1)
            entries = [entry for entry in entries if entry.inode is not None or not busybox]
        entries = _in_order(entries, options)
        kilobytes = sum(entry.inode.blocks for entry in entries if entry.inode is not None) // 2
        total = f"total {_human(kilobytes * 1024) if 'h' in options else kilobytes}\n" if options & _LONG else ""
        blocks.append(heading + total + _lines(entries, options, now=now, busybox=busybox))
        if "R" in options:
            named = [entry for entry in entries if entry.name not in (".", "..")]
            inside[:0] = [
                posixpath.join(path, it.name) for it in named if it.inode is not None and it.inode.is_directory
            ]
    return Execution(stdout="\n".join(blocks), stderr="".join(errors), exit_code=exit_code)


def _children(files: FileSystem, path: str, options: set[str]) -> list[_Entry]:
    names = files.listdir(path)
    if "a" in options:
        names = [".", "..", *names]
    elif "A" not in options:
        names = [name for name in names if not name.startswith(".")]
    try:
        inodes: Sequence[Inode | None] = files.stat_all(path, names, follow="L" in options)
    except PermissionError:
        inodes = [None] * len(names)
    return [_Entry(name=name, inode=inode) for name, inode in zip(names, inodes, strict=True)]


def _in_order(entries: list[_Entry], options: set[str]) -> list[_Entry]:
    """By name, as they come; with `-t` the newest first, with `-S` the largest."""
    if "t" in options:
        entries = sorted(entries, key=lambda entry: -entry.inode.modified if entry.inode else 0)
    elif "S" in options:
        entries = sorted(entries, key=lambda entry: -entry.inode.size if entry.inode else 0)
    return entries[::-1] if "r" in options else entries


def _lines(entries: list[_Entry], options: set[str], *, now: float, busybox: bool) -> str:
    numeric = "n" in options
    if not options & _LONG:
        return "".join(f"{entry.name}\n" for entry in entries)
    rows = [
        (
            stat.filemode(entry.inode.mode),
            str(entry.inode.links),
            _owner(entry.inode.uid, numeric),
            _owner(entry.inode.gid, numeric),
            _human(entry.inode.size) if "h" in options else str(entry.inode.size),
            _time(entry.inode.modified, now),
            entry.name + (f" -> {entry.inode.target}" if entry.inode.is_link else ""),
        )
        if entry.inode is not None
        else ("??????????", "?", "?", "?", "?", f"{'?':>12}", entry.name)
        for entry in entries
    ]
    if busybox:
        widths = [10, 4, 8, 8, 9]
    else:
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    a, b, c, d, e = widths
    return "".join(
        f"{mode:{a}} {links:>{b}} {user:{c}} {group:{d}} {size:>{e}} {time} {name}\n"
        for mode, links, user, group, size, time, name in rows
    )


def _human(size: int) -> str:
    """A size, rounded up as coreutils does: `893`, `1.1K`, `12K`."""
    if size < 1024:
        return str(size)
    power = min(3, (size.bit_length() - 1) // 10)
    value, unit = size / 1024**power, "KMG"[power - 1]
    return f"{ceil(value * 10) / 10:.1f}{unit}" if value <= 9.9 else f"{ceil(value)}{unit}"


def _owner(number: int, numeric: bool) -> str:
    return str(number) if numeric else USERS.get(number, str(number))


def _time(modified: float, now: float) -> str:
    moment = datetime.fromtimestamp(modified, UTC)
    recent = now - _HALF_YEAR < modified <= now + 1
    return f"{moment:%b} {moment.day:2} " + (f"{moment:%H:%M}" if recent else f" {moment:%Y}")


def _complaint(what: str, path: str, error: OSError, *, busybox: bool) -> str:
    """`what` could not be done: `access` or `open directory`."""
    said = f"cannot {what} '{path}'" if not busybox else path if what == "access" else f"can't open '{path}'"
    return f"ls: {said}: {error.strerror}\n"


def _usage(argument: str, letter: str, *, busybox: bool) -> Execution:
    if letter in _LETTERS:
        text, code = f"ls: -{letter} is not in this simulated image\n", 1 if busybox else 2
    elif busybox:
        text, code = f"ls: unrecognized option: {letter}\n", 1
    elif argument.startswith("--"):
        text, code = f"ls: unrecognized option '{argument}' in this simulated image\n", 2
    else:
        text, code = f"ls: invalid option -- '{letter}'\nTry 'ls --help' for more information.\n", 2
    return Execution(stdout="", stderr=text, exit_code=code)
