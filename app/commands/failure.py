"""The message of a command that could not run: what was found, what was expected, what to do.

A start shows one message, so that message lists all settings that cannot be used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import click

from app.commands.rendering import colour, labelled, print_json, to_paste
from app.content import Content
from app.flow.model import JsonObject
from app.flow.visible import visible
from app.own_commands import as_started
from app.settings import Settings, WrongValue, comes_from_a_service, shown
from app.world.setup.tool_files import STATE

COULD_NOT_RUN = 2
"""The exit status, the same that click has for a wrong option."""
CANNOT_WRITE = "cannot_write"
"""The code of the error that standard output takes no more, so that no JSON can be printed there."""
_PATH = 300
"""Characters of a folder's path that an error message repeats."""
TYPED = "app.commands.typed"
"""The key, in click's context, of the words that were typed after the program's name."""


class CannotRun(click.ClickException):
    """Ends the command with status 2 and the text for `code`, its placeholders filled with `values`."""

    exit_code = COULD_NOT_RUN

    def __init__(
        self,
        words: Content,
        code: str,
        below: Iterable[tuple[str, str]] = (),
        quoted: Callable[[str], str] = str,
        /,
        **values: object,
    ) -> None:
        """`below`: texts to paste, each with a sentence before it. `quoted`: completes the commands in a text."""
        text, below = words.error(code, **values), [(said, as_started(pasted)) for said, pasted in below]
        parts = {"got": text.got, "expected": text.expected, "fix": as_started(quoted(text.fix))}
        details = labelled({words.message(f"ui.{name}"): value for name, value in parts.items()}, indent=2)
        super().__init__("\n".join((visible(text.title, keep=""), *details, *to_paste(below, indent=2))))
        context = click.get_current_context(silent=True)
        self.as_json = context is not None and wants_json(context.meta.get(TYPED, ()))
        self.document: JsonObject = {
            "format": "irsa-explorer error",
            "id": code,
            "message": text.title,
            **parts,
            "to_paste": [{"message": sentence, "text": pasted} for sentence, pasted in below],
        }

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints to standard error, without click's English `Error:`; as JSON to standard output, where the reader is
        a program that waits for it there."""
        if self.as_json and self.document["id"] != CANNOT_WRITE:
            print_json(self.document)
        else:
            click.echo(self.message, file=file, err=True, color=colour())


def wants_json(typed: Sequence[str]) -> bool:
    """Whether these words of a command line ask for JSON. click may be unable to read the whole command line."""
    pairs = pairwise(("", *typed))
    return any(
        after in ("--output=json", "-ojson") or (before in ("--output", "-o") and after == "json")
        for before, after in pairs
    )


def unusable_settings(wrong: Sequence[WrongValue], words: Content) -> CannotRun:
    """The error that lists what is wrong with the environment."""
    from_service = [it.variable for it in wrong if comes_from_a_service(it.variable)]
    below = [(words.message("cli.from_a_service", variable=name), "enableServiceLinks: false") for name in from_service]
    failure = CannotRun(
        words,
        "bad_setting",
        below,
        got="\n".join(f"{it.variable}={visible(it.got, keep='')}" for it in wrong),
        expected="\n".join(f"{it.variable}: {it.expected}" for it in wrong),
        names=" ".join(it.variable for it in wrong),
        file=words.message("settings_page.file"),
    )
    failure.document["settings"] = [
        {"variable": it.variable, "got": it.got, "expected": it.expected, "where": "environment"} for it in wrong
    ]
    return failure


def wrong_folders(settings: Settings, words: Content) -> Iterator[WrongValue]:
    """The folders of `settings` with which `serve` would not start. No file in them is read."""
    if settings.missions and not os.path.isdir(settings.missions):
        got, expected = shown(settings.missions, _PATH), words.message("cli.a_folder")
        yield WrongValue(variable="IRSA_MISSIONS_DIR", got=got, expected=expected)
    name, folder, kept_in = (
        ("IRSA_WORLD_DIR", settings.world_dir, Path(settings.world_dir, STATE))
        if settings.world_dir
        else ("IRSA_STATE_DIR", settings.state_dir, Path(settings.state_dir))
    )
    if folder and (said := unusable(kept_in)):
        expected = words.message("errors.folder_unusable.expected")
        yield WrongValue(variable=name, got=f"{shown(folder, _PATH)} ({said})", expected=expected)


def existing(folder: Path) -> Path:
    """`folder`, or the nearest one above it that exists. Raises `OSError`."""
    return next(it for it in (folder, *folder.absolute().parents) if it.exists())


def unusable(folder: Path) -> str:
    """Why worlds cannot be kept in `folder`, or where it would be made; empty where they can. Leaves nothing behind."""
    import tempfile

    from app.world.saved.journal import FULL
    from app.world.saved.state_directory import check_folder, is_kept_in

    try:
        if folder.exists():
            check_folder(folder)
        with tempfile.TemporaryFile(dir=existing(folder)):
            return ""
    except OSError as error:
        if error.errno in FULL and is_kept_in(folder):
            return ""  # the worlds that are there come back, as where the disk takes files and no content
        return error.strerror or str(error)
