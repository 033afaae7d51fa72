"""What a command says when it could not run: what was got, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import IO, Any

import click

from app.commands.rendering import as_started, labelled, print_json, to_paste
from app.content import Content
from app.flow.model import JsonObject
from app.flow.visible import visible

COULD_NOT_RUN = 2
"""The exit status, the same that click has for a wrong option."""
CANNOT_WRITE = "cannot_write"
"""Standard output takes no more, so no JSON can be printed there."""
TYPED = "app.commands.typed"
"""The key, in click's context, of the words that were typed after the program's name."""


class CannotRun(click.ClickException):
    """Ends the command with status 2 and the words for `code`, their placeholders filled with `values`."""

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
            click.echo(self.message, file=file, err=True)


def wants_json(typed: Sequence[str]) -> bool:
    """Whether these words of a command line ask for JSON. They may be such that click cannot read them."""
    pairs = pairwise(("", *typed))
    return any(
        after in ("--output=json", "-ojson") or (before in ("--output", "-o") and after == "json")
        for before, after in pairs
    )
