"""`kubectl_complete-irsa`: what kubectl 1.26 and later calls to complete the words after `kubectl irsa`.

It prints a completion a line and, last, `:` and a number: kubectl reads what cobra's hidden `__complete` prints (cobra,
`completions.go`, `ShellCompDirective`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem, ShellComplete

from app.commands.main import KUBECTL, asked_language, command_line
from app.content import load
from app.flow.visible import visible
from app.settings import Settings, SettingsError

NO_SPACE, NO_FILES = 2, 4
"""Bits of the directive: no space after the only completion, no names of files."""


def main() -> None:
    """Prints the completions of `sys.argv`, the last of which is the word that is being typed."""
    for line in lines(sys.argv[1:]):
        click.echo(line)


def lines(typed: Sequence[str]) -> list[str]:
    """The lines that kubectl reads from a completion program: candidates, then a directive."""
    try:
        settings = Settings.from_environment()
    except SettingsError as error:
        settings = error.usable
    *before, last = typed or [""]
    program = command_line(settings, load(asked_language(before)), KUBECTL)
    shell = ShellComplete(program, {}, KUBECTL.usage, KUBECTL.complete_var)
    found = shell.get_completions(list(before), last)
    names = [item for item in found if item.type not in ("file", "dir")]
    directive = 0 if len(names) < len(found) else NO_FILES | (NO_SPACE if any(it.goes_on for it in names) else 0)
    return [*map(_line, names), f":{directive}"]


def _line(item: CompletionItem[str]) -> str:
    """The word and, behind a tab, what it is for."""
    return visible("\t".join(filter(None, (item.value, " ".join((item.help or "").split())))), keep="\t")
