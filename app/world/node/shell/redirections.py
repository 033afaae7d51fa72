"""The redirections of a command's descriptors. Source: POSIX.1-2017, Shell Command Language, 2.7."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.world.node.shell.limits import Limits
from app.world.node.shell.state import ShellProblem
from app.world.node.shell.streams import Sink, Stream, Text, decoded, encoded
from app.world.node.shell.syntax import Redirection
from app.world.node.volumes.filesystem import FileSystem

if TYPE_CHECKING:
    from app.world.node.shell.interpreter import Shell

NULL = "/dev/null"


async def redirected(shell: Shell, redirections: Sequence[Redirection]) -> dict[int, Stream]:
    """The descriptors with these redirections, from left to right. Raises `OSError`, `ShellProblem`."""
    found = dict(shell.state.descriptors)
    for redirection in redirections:
        word = await shell.expansion.text(redirection.word)
        if redirection.operator in ("<&", ">&"):
            _duplicate(found, redirection.descriptor, word)
        elif redirection.operator == "<<":
            found[redirection.descriptor] = Text(word)
        else:
            found[redirection.descriptor] = _open(shell, redirection.operator, word, found)
    return found


def _duplicate(descriptors: dict[int, Stream], number: int, word: str) -> None:
    if word == "-":
        descriptors.pop(number, None)
    elif not word.isdigit():
        raise ShellProblem("Syntax error: Bad fd number")
    elif int(word[:3]) not in descriptors:
        raise OSError(errno.EBADF, f"{word}: Bad file descriptor")
    else:
        descriptors[number] = descriptors[int(word[:3])]


def _open(shell: Shell, operator: str, word: str, descriptors: dict[int, Stream]) -> Stream:
    process = shell.process
    path = word if word.startswith("/") else f"{shell.state.directory.rstrip('/')}/{word}"
    if word in ("/dev/stdin", "/dev/stdout", "/dev/stderr"):
        return descriptors[("/dev/stdin", "/dev/stdout", "/dev/stderr").index(word)]
    try:
        if operator == "<":
            return open_to_read(process.files, path)
        if operator == ">" and "C" in shell.state.options and path != NULL and _is_there(process.files, path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        return open_to_write(process.files, path, process.limits, append=operator in (">>", "<>"))
    except OSError as error:
        raise OSError(error.errno, _message(error, operator, word)) from None


def _message(error: OSError, operator: str, word: str) -> str:
    """dash's message for a file that cannot be opened (`sh_open_fail`, `errmsg`)."""
    verb, missing = ("open", "No such file") if operator == "<" else ("create", "Directory nonexistent")
    return f"cannot {verb} {word}: {missing if error.errno in (errno.ENOENT, errno.ENOTDIR) else error.strerror}"


def _is_there(files: FileSystem, path: str) -> bool:
    try:
        files.stat(path)
    except OSError:
        return False
    return True


def open_to_read(files: FileSystem, path: str) -> Stream:
    """A stream with a file's content. Raises `OSError`."""
    return Text() if path == NULL else Text(decoded(files.read(path)))


def open_to_write(files: FileSystem, path: str, limits: Limits, *, append: bool) -> Stream:
    """A stream that writes into a file. Raises `OSError`."""
    if path == NULL:
        return Sink(lambda _: None, limits)
    files.write(path, b"", append=append)

    def take(text: str) -> None:
        limits.spend(1 + files.stat(path).size // 2_000)
        files.write(path, encoded(text), append=True)

    return Sink(take, limits)
