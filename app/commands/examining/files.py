"""The files that `check` reads: texts within a limit, folders, and the issuer. All functions raise `CannotRun`."""

from __future__ import annotations

import os
from pathlib import Path

from app.commands.failure import CannotRun
from app.commands.streams import STDIN, read_bounded, text_in, why
from app.content import Content

SIZE_LIMIT = 16 * 1024 * 1024
"""Bytes of a file at most: a hundred times the output of a large chart."""
ENDINGS = (".yaml", ".yml", ".json")
"""The endings of the files that are read in a folder."""


def files_in(given: str, words: Content) -> list[str]:
    """The file, or the files of a folder in the order of their names. Raises `CannotRun` for a folder without any.

    `os.path` knows nothing of what may not be looked at, so that this is said when it is read; `Path` raises.
    """
    if given == STDIN or not os.path.isdir(given):
        return [given]
    found = sorted(str(it) for it in Path(given).rglob("*") if it.suffix in ENDINGS and os.path.isfile(it))
    if not found:
        raise CannotRun(words, "no_manifests", got=f"-f {given}")
    return found


def text_of(path: str, words: Content) -> str:
    """The text in the file. Raises `CannotRun`."""
    try:
        content = read_bounded(path, SIZE_LIMIT)
    except (OSError, ValueError) as error:
        raise CannotRun(words, "file_to_check_not_there", got=f"{path}: {why(error)}") from error
    if len(content) > SIZE_LIMIT:
        raise CannotRun(words, "file_to_check_unreadable", got=f"{path}: more than {SIZE_LIMIT} bytes")
    try:
        return text_in(content)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CannotRun(words, "file_to_check_unreadable", got=f"{path}:{line}: {error.reason}") from error


def issuer_of(given: str, words: Content) -> str:
    """The issuer: a URL, or found in a file with a command's output about the cluster. Empty where none is given.

    Raises `CannotRun`.
    """
    from app.flow.manifest_documents import UnreadableDocument
    from app.flow.manifests.command_output import NoIssuer, issuer_in

    if not given or given.startswith("https://"):
        return given
    if given != STDIN and not os.path.isfile(given):
        expected = words.message("check.issuer_expected")
        raise CannotRun(words, "bad_value", option="--issuer", got=given, expected=expected, help="check --help")
    try:
        return issuer_in(text_of(given, words), given)
    except NoIssuer as error:
        raise CannotRun(words, "no_issuer_in_file", got=error) from error
    except UnreadableDocument as error:
        raise CannotRun(words, "file_to_check_unreadable", got=error) from error
