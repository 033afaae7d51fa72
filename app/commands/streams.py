"""The input of a command, up to a limit; and its output where the reader stops early, or the stream takes no more."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from pathlib import Path
from typing import Any

from app.commands.failure import CANNOT_WRITE, CannotRun
from app.content import Content

STDIN = "-"
"""The name that stands for standard input instead of a file."""
_PLAIN = dict(zip("✓✗·–“”‘’", "+x--\"\"''", strict=True))
"""What is printed for these where a terminal does not have them. `?` is itself a mark: of what is not known."""


def read_bounded(path: str | Path, limit: int) -> bytes:
    """The content of a file, or of standard input: at most a byte more than `limit`, because it may be endless.

    Raises `OSError`, and `ValueError` for a path with a null byte.
    """
    if str(path) == STDIN:
        if sys.stdin is None:  # closed (`<&-`)
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return sys.stdin.buffer.read(limit + 1)
    with open(path, "rb") as stream:
        return stream.read(limit + 1)


def why(error: OSError | ValueError) -> str:
    """The system's error message without the path, which the command's message already has."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def text_in(content: bytes, errors: str = "strict") -> str:
    """The text of a file: UTF-8, or UTF-16 where its first character says so, as Windows PowerShell writes it.

    Raises `UnicodeDecodeError`.
    """
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", errors)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(it, "?") for it in error.object[error.start : error.end]), error.end


codecs.register_error("irsa_explorer.plain", _plain)


def replace_streams(words: Content) -> None:
    """Puts an `Outlet` behind either stream. A terminal that does not have a mark shows a plain one, and for Japanese
    that it does not have `?`.

    A closed stream (`>&-`) becomes one that drops what is written: libraries ask a stream whether it is a terminal.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        if isinstance(stream, io.TextIOWrapper):
            stream.flush()
            outlet = io.TextIOWrapper(
                io.BufferedWriter(Outlet(stream, words)),
                encoding=stream.encoding,
                errors="irsa_explorer.plain",
                line_buffering=stream.line_buffering,
                write_through=stream.write_through,
            )
            setattr(sys, name, outlet)


class Outlet(io.RawIOBase):
    """A stream's bytes, on their way out. After the first failure nothing more is written.

    A reader that hangs up (`| head -1`) has read enough: the command goes on to its own status. Anything else, such as
    a full disk, raises `CannotRun`.
    """

    def __init__(self, stream: io.TextIOWrapper, words: Content) -> None:
        self._raw: Any = getattr(stream.buffer, "raw", stream.buffer)  # which with `python -u` is raw itself
        self._words = words
        self._lost = False

    def write(self, data: Any, /) -> int | None:
        if not self._lost:
            try:
                written: int | None = self._raw.write(data)
                return written
            except OSError as error:
                self._lost = True
                if not isinstance(error, BrokenPipeError):
                    raise CannotRun(self._words, CANNOT_WRITE, said=error.strerror) from error
        return len(data)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        found: int = self._raw.fileno()
        return found

    def isatty(self) -> bool:
        return bool(self._raw.isatty())
