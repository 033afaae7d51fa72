"""Settings that cannot be used, as the end of a command: all of them, since a start shows no more than one message."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.commands.failure import CannotRun
from app.content import Content
from app.flow.visible import visible
from app.settings import Settings, WrongValue, comes_from_a_service


def unusable_settings(wrong: Sequence[WrongValue], words: Content) -> CannotRun:
    """What is wrong with the environment."""
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
    """The folders of `settings` with which `serve` would not start. What is in them is not looked at."""
    if settings.missions and not os.path.isdir(settings.missions):
        yield WrongValue(variable="IRSA_MISSIONS_DIR", got=settings.missions, expected=words.message("cli.a_folder"))
    name, folder = (
        ("IRSA_WORLD_DIR", settings.world_dir) if settings.world_dir else ("IRSA_STATE_DIR", settings.state_dir)
    )
    if folder and (said := unwritable(Path(folder))):
        expected = words.message("errors.folder_unusable.expected")
        yield WrongValue(variable=name, got=f"{folder} ({said})", expected=expected)


def unwritable(folder: Path) -> str:
    """Why no file can be made in `folder`, or where it would be made; empty where one can. It leaves nothing behind."""
    import tempfile

    try:
        there = next(it for it in (folder, *folder.absolute().parents) if it.exists())
        with tempfile.TemporaryFile(dir=there):
            return ""
    except OSError as error:
        return error.strerror or str(error)
