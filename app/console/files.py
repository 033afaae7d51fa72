"""The files of one visitor: manifests, policies and what commands write. Plain names in one folder, bounded."""

from __future__ import annotations

import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from app.console.command_line import LineRefused
from app.own_file import write

COUNT = 20
"""Files at a time."""
FILE_BYTES = 64 * 1024
"""The most that one file may have. An IAM policy has 6,144 characters at most, a manifest a few kilobytes."""
ALL_BYTES = 256 * 1024
"""The most that all files may have together."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)


def name_of(text: str) -> str:
    """The name of a file of this visitor, as typed, without a leading `./`. Raises `LineRefused`."""
    name = text.removeprefix("./")
    if not _NAME.fullmatch(name):
        raise LineRefused("outside", got=text)
    return name


class Files:
    """What is in one folder. Used on one event loop; the visitor's programs write there as well, at any time."""

    def __init__(self, folder: Path) -> None:
        """Raises `LineRefused` where the folder is gone, because its world is."""
        if not folder.is_dir():
            raise LineRefused("no_world")
        self.folder = folder

    def sizes(self) -> dict[str, int]:
        """Every file and its bytes, by name."""
        found = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # a program has removed it since
                    status = entry.stat(follow_symlinks=False)
                    if _NAME.fullmatch(entry.name) and stat.S_ISREG(status.st_mode):
                        found[entry.name] = status.st_size
        return dict(sorted(found.items()))

    def read(self, name: str) -> str:
        """The text of a file; what is not UTF-8 as U+FFFD. Raises `LineRefused`."""
        try:
            descriptor = os.open(self.folder / name_of(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            raise LineRefused("no_such_file", got=name) from None
        try:  # `open` would leave the descriptor of a folder open
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise LineRefused("no_such_file", got=name)
            with open(descriptor, "rb", closefd=False) as stream:
                return stream.read(FILE_BYTES).decode("utf-8", "replace")
        finally:
            os.close(descriptor)

    def write(self, name: str, content: bytes, *, appends: bool = False) -> None:
        """Writes a file, whole or not at all. Raises `LineRefused`."""
        path = self.folder / name_of(name)
        present = self.sizes()
        if appends and path.name in present:
            content = path.read_bytes() + content
        if len(content) > FILE_BYTES:
            raise LineRefused("file_too_large", got=str(len(content)), expected=str(FILE_BYTES))
        if path.name not in present and len(present) >= COUNT:
            raise LineRefused("too_many_files", expected=str(COUNT))
        if sum(present.values()) - present.get(path.name, 0) + len(content) > ALL_BYTES:
            raise LineRefused("files_full", expected=str(ALL_BYTES))
        write(path, content)

    def remove(self, name: str) -> None:
        """Removes a file, if it is there. Raises `LineRefused` for a name that no file has."""
        (self.folder / name_of(name)).unlink(missing_ok=True)

    def tidy(self) -> list[str]:
        """Removes what a program left that is not allowed here, and returns its names.

        Folders, links and devices go, and of the files those that are too large, and the last by name that are too
        many.
        """
        kept: set[str] = set()
        left = ALL_BYTES
        for name, size in self.sizes().items():
            if size <= min(FILE_BYTES, left) and len(kept) < COUNT:
                kept.add(name)
                left -= size
        gone = []
        for entry in list(os.scandir(self.folder)):
            if entry.name in kept:
                continue
            gone.append(entry.name)
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)
        return sorted(gone)
