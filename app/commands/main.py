"""Puts the commands together, in the language that `--lang` names, or else the locale's.

The same program under three names: `python -m app`, `irsa-explorer` where the package is installed, and `kubectl irsa`,
which has those commands alone that look at a real cluster.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import pairwise
from typing import NoReturn

import click

from app import __version__
from app.commands.failure import COULD_NOT_RUN, unusable_settings, wrong_folders
from app.commands.streams import replace_streams
from app.commands.usage_errors import Commands, Group
from app.content import LANGUAGES, Content, for_locale, load
from app.flow.names import APPLICATION_ID
from app.flow.visible import visible
from app.own_commands import AS_MODULE, OF_PLUGIN, PLUGIN, start_as
from app.settings import (
    Settings,
    SettingsError,
    WrongValue,
    find_a_home,
    ignored,
    posix_locale,
    process_environment,
    unset,
)

KEY_LOG = "SSLKEYLOGFILE"
"""The variable that names a file for the keys of TLS connections, which Wireshark reads."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A name under which it is started."""

    usage: str
    """The command line as a person types it."""
    executable: str
    """The executable as a shell finds it; also the product in its `User-Agent`."""
    commands: Mapping[str, str]
    """Their modules by their names. Each is loaded when its command is asked for: `serve` answers 80 ms earlier."""
    help: str
    """The key of the first sentence of its help."""
    default: str = ""
    """The command that runs where none was typed."""

    @property
    def complete_var(self) -> str:
        """The variable by which click's scripts ask for completions."""
        return f"_{self.executable.replace('-', '_')}_COMPLETE".upper()


EXPLORER = Program(
    usage=AS_MODULE,
    executable=APPLICATION_ID,
    commands={
        "serve": "app.commands.serve",
        "world": "app.commands.world",
        "walk": "app.commands.walk",
        "faults": "app.commands.faults",
        "doctor": "app.commands.doctor",
        "check": "app.commands.check",
        "token": "app.commands.token",
        "aws": "app.commands.aws.command",
        "doctor-self": "app.commands.doctor_self.command",
    },
    help="cli.help.program",
    default="serve",
)
KUBECTL = Program(
    usage=PLUGIN,
    executable="kubectl-irsa",
    commands={name: EXPLORER.commands[name] for name in OF_PLUGIN},
    help="cli.help.kubectl_irsa",
)


def main(program: Program = EXPLORER, usage: str = EXPLORER.usage) -> None:
    """Runs the command that `sys.argv` names and leaves with its exit status."""
    start_as(usage)
    find_a_home()
    words = load(asked_language(sys.argv[1:]))
    replace_streams(words)
    completes = program.complete_var in process_environment()
    warnings = [*ignored_key_log(words), *(ignored_settings(words) if program is EXPLORER else ())]
    for line in () if completes else warnings:
        click.echo(line, err=True)
    wrong: Sequence[WrongValue] = ()
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        settings, wrong = error.usable, error.wrong
    try:
        command_line(settings, words, program, wrong).main(
            prog_name=program.executable if completes else usage, complete_var=program.complete_var
        )
    except Exception:
        # Python would end with 1, which means here that a check did not pass.
        traceback.print_exc()
        sys.exit(COULD_NOT_RUN)


def asked_language(arguments: Sequence[str]) -> str:
    """The language of the last `--lang`, wherever it is, so that help and errors use it too; else the locale's."""
    named = [
        after.removeprefix("--lang=")
        for before, after in pairwise(("", *arguments))
        if before == "--lang" or after.startswith("--lang=")
    ]
    return next((it for it in reversed(named) if it in LANGUAGES), for_locale(posix_locale()))


def ignored_key_log(words: Content) -> Iterator[str]:
    """A line where Python's `ssl` and urllib3 could not write into the file of `SSLKEYLOGFILE`, which is unset then:
    both would fail at each connection."""
    name = process_environment().get(KEY_LOG, "")
    written = name if os.path.exists(name) else os.path.dirname(name) or os.curdir
    if name and (os.path.isdir(name) or not os.access(written, os.W_OK)):
        unset(KEY_LOG)
        yield words.message("cli.ignored_key_log", got=visible(name, keep=""), variable=KEY_LOG)


def ignored_settings(words: Content) -> list[str]:
    """A line for each variable that looks like a setting and is none."""
    return [
        words.message("cli.ignored_setting.similar" if meant else "cli.ignored_setting.other", got=name, meant=meant)
        for name, meant in ((visible(name, keep=""), meant) for name, meant in ignored())
    ]


def command_line(
    settings: Settings, words: Content, program: Program = EXPLORER, wrong: Sequence[WrongValue] = ()
) -> click.Group:
    """All commands of a program, their help in the language of `words`.

    `wrong`: settings that cannot be used. Each command ends with them; its help and the version are shown all the same.
    """

    def made(name: str) -> click.Command:
        command: click.Command = import_module(program.commands[name]).command(settings, words)
        if wrong:
            command.callback = partial(_refuse, wrong, settings, words)
        return command

    group = Group(
        words=words,
        help=words.message(program.help),
        context_settings={"obj": program.executable},
        default=program.default,
        commands=Commands(program.commands, made),
    )
    shows = click.version_option(
        __version__, message="IRSA Explorer %(version)s", help=words.message("cli.help.version")
    )
    return shows(group)


def _refuse(wrong: Sequence[WrongValue], settings: Settings, words: Content, /, **_: object) -> NoReturn:
    raise unusable_settings([*wrong, *wrong_folders(settings, words)], words)
