"""Puts the commands together, in the language that `--lang` names, or else the locale's.

The same program under three names: `python -m app`, `irsa-explorer` where the package is installed, and `kubectl irsa`,
which has those commands alone that look at a real cluster.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType

import click

from app.commands import check, doctor, faults, serve, token, walk, world
from app.commands.aws import command as aws
from app.commands.failure import COULD_NOT_RUN, CannotRun, wants_json
from app.commands.output import replace_streams
from app.commands.usage import Group
from app.content import LANGUAGES, Content, for_locale, load
from app.flow.names import APPLICATION_ID
from app.settings import Settings, SettingsError, posix_locale, process_environment


@dataclass(frozen=True, kw_only=True)
class Program:
    """A name under which it is started."""

    usage: str
    """As a person types it."""
    executable: str
    """As a shell finds it; the product of its `User-Agent`."""
    commands: tuple[ModuleType, ...]
    help: str
    """The key of what its help says first."""
    default: str = ""
    """The command that runs where none was typed."""

    @property
    def complete_var(self) -> str:
        """The variable by which click's scripts ask for completions."""
        return f"_{self.executable.replace('-', '_')}_COMPLETE".upper()


EXPLORER = Program(
    usage="python -m app",
    executable=APPLICATION_ID,
    commands=(serve, world, walk, faults, doctor, check, token, aws),
    help="cli.help.program",
    default="serve",
)
KUBECTL = Program(
    usage="kubectl irsa", executable="kubectl-irsa", commands=(doctor, check, token), help="cli.help.kubectl_irsa"
)


def main(program: Program = EXPLORER, usage: str = EXPLORER.usage) -> None:
    """Runs the command that `sys.argv` names and leaves with its exit status."""
    words = load(asked_language(sys.argv[1:]))
    replace_streams(words)
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        failure = CannotRun(words, "bad_setting", variable=error.variable, got=error.got, expected=error.expected)
        failure.as_json = wants_json(sys.argv[1:])
        failure.show()
        sys.exit(failure.exit_code)
    completes = program.complete_var in process_environment()
    try:
        command_line(settings, words, program).main(
            prog_name=program.executable if completes else usage, complete_var=program.complete_var
        )
    except Exception:
        # Python would leave with 1, which here means that a check did not pass.
        traceback.print_exc()
        sys.exit(COULD_NOT_RUN)


def irsa_explorer() -> None:
    """The installed command."""
    main(EXPLORER, EXPLORER.executable)


def kubectl_irsa() -> None:
    """The plugin of kubectl, which finds it on the PATH by its name (kubectl, "Extend kubectl with plugins")."""
    main(KUBECTL, KUBECTL.usage)


def asked_language(arguments: Sequence[str]) -> str:
    """That of the last `--lang`, wherever it stands, so that help and errors speak it too; else the locale's."""
    named = [
        after.removeprefix("--lang=")
        for before, after in pairwise(("", *arguments))
        if before == "--lang" or after.startswith("--lang=")
    ]
    return next((it for it in reversed(named) if it in LANGUAGES), for_locale(posix_locale()))


def command_line(settings: Settings, words: Content, program: Program = EXPLORER) -> click.Group:
    """All commands of a program, their help in the language of `words`."""
    group = Group(
        words=words,
        help=words.message(program.help),
        context_settings={"obj": program.executable},
        default=program.default,
    )
    for module in program.commands:
        group.add_command(module.command(settings, words))
    return group
