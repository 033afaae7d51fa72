"""Puts the commands together, in the language that `--lang` names, or else the locale's."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise

import click

from app.commands import check, doctor, faults, serve, token, walk, world
from app.commands.failure import COULD_NOT_RUN, CannotRun
from app.commands.output import replace_streams
from app.commands.usage import Group
from app.content import LANGUAGES, Content, for_locale, load
from app.settings import Settings, SettingsError, posix_locale


def main() -> None:
    """Runs the command that `sys.argv` names and leaves with its exit status."""
    words = load(asked_language(sys.argv[1:]))
    replace_streams(words)
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        failure = CannotRun(words, "bad_setting", variable=error.variable, got=error.got, expected=error.expected)
        failure.show()
        sys.exit(failure.exit_code)
    try:
        command_line(settings, words).main(prog_name="python -m app")
    except Exception:
        # Python would leave with 1, which here means that a check did not pass.
        traceback.print_exc()
        sys.exit(COULD_NOT_RUN)


def asked_language(arguments: Sequence[str]) -> str:
    """That of the last `--lang`, wherever it stands, so that help and errors speak it too; else the locale's."""
    named = [
        after.removeprefix("--lang=")
        for before, after in pairwise(("", *arguments))
        if before == "--lang" or after.startswith("--lang=")
    ]
    return next((it for it in reversed(named) if it in LANGUAGES), for_locale(posix_locale()))


def command_line(settings: Settings, words: Content) -> click.Group:
    """All commands, their help in the language of `words`."""
    group = Group(words=words, help=words.message("cli.help.program"))
    for module in (serve, world, walk, faults, doctor, check, token):
        group.add_command(module.command(settings, words))
    return group
