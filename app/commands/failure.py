"""What a command says when it could not run: what was got, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

import click

from app.commands.rendering import labelled, to_paste
from app.content import Content
from app.flow.visible import visible

COULD_NOT_RUN = 2
"""The exit status, the same that click has for a wrong option."""
INTERRUPTED = 130
"""The exit status by which shells know that Ctrl-C ended a program."""


class CannotRun(click.ClickException):
    """Ends the command with status 2 and the words for `code`, their placeholders filled with `values`."""

    exit_code = COULD_NOT_RUN

    def __init__(self, words: Content, code: str, below: Iterable[tuple[str, str]] = (), /, **values: object) -> None:
        """`below`: texts to paste, each with a sentence before it."""
        text = words.error(code, **values)
        parts = {"got": text.got, "expected": text.expected, "fix": text.fix}
        details = labelled({words.message(f"ui.{name}"): value for name, value in parts.items()}, indent=2)
        super().__init__("\n".join((visible(text.title, keep=""), *details, *to_paste(below, indent=2))))

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints to standard error, without click's English `Error:`."""
        click.echo(self.message, file=file, err=True)
