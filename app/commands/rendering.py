"""Small pieces of text output: marks, aligned labels, JSON. Colour is never alone and never leaves a terminal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

import click

from app.flow.model import JsonValue, Status
from app.flow.visible import pretty_json, visible
from app.own_commands import as_started
from app.settings import process_environment

_MARKS = {
    Status.PASSED: ("✓", "green"),
    Status.WARNING: ("!", "yellow"),
    Status.FAILED: ("✗", "red"),
    Status.UNKNOWN: ("?", "cyan"),
    Status.NOT_REACHED: ("·", "bright_black"),
}

_WIDE = "\u2e80-\u9fff\uff00-\uffef"
_OPENING, _CLOSING = "（「『", "、。，．）」』：！？ー"
_PIECES = re.compile(rf"[{_OPENING}]*(?:`[^`]*`[.,:;)]*|[{_WIDE}]|[^\s`{_WIDE}]+)[{_CLOSING}]*\s*|\s+")
"""Matches a piece of text that is not broken over two lines."""


def marked(status: Status, text: str) -> str:
    """`text` after the mark of its status."""
    mark, colour = _MARKS[status]
    return f"{click.style(mark, fg=colour, bold=True)} {text}"


def heading(text: str) -> str:
    """`text`, bold."""
    return click.style(text, bold=True)


def width(text: str) -> int:
    """How many columns `text` takes in a terminal: East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def pad(text: str, columns: int) -> str:
    """`text` with spaces after it up to that many columns."""
    return text + " " * (columns - width(text))


def wrapped(text: str, columns: int) -> list[str]:
    """`text` in lines of at most so many columns. Code is not broken, and neither is a word that is longer than a line.

    Japanese has no spaces, so a line may end after any of its characters. No line begins with a closing mark, or ends
    with an opening one.
    """
    lines = [""]
    for piece in _PIECES.findall(text):
        if width(lines[-1] + piece.rstrip()) > columns and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append(piece.lstrip())
        else:
            lines[-1] += piece
    lines[-1] = lines[-1].rstrip()
    return lines


def labelled(values: Mapping[str, str], *, indent: int) -> list[str]:
    """One line for each value that is not empty, labels in one column, line breaks kept in the value's column."""
    shown = {visible(label, keep=""): visible(value) for label, value in values.items()}
    columns = max((width(label) for label in shown), default=0)
    lines = []
    for label, value in shown.items():
        first, *others = value.splitlines() or [""]
        if first or others:
            lines.append(f"{' ' * indent}{click.style(pad(label, columns), dim=True)}  {first}")
            lines += [" " * (indent + columns + 2) + line for line in others]
    return lines


def to_paste(texts: Iterable[tuple[str, str]], *, indent: int) -> list[str]:
    """Texts to copy, each below its sentence."""
    return [
        line
        for sentence, text in texts
        for line in (" " * indent + sentence, *(" " * (indent + 2) + line for line in text.splitlines()))
    ]


def colour() -> bool | None:
    """The `color` of `click.echo`: False where `NO_COLOR` is set (no-color.org) or the terminal shows none
    (`TERM=dumb`); None leaves colours out where the output is no terminal."""
    variables = process_environment()
    return False if variables.get("NO_COLOR") or variables.get("TERM") == "dumb" else None


def print_lines(lines: Iterable[str]) -> None:
    """Prints text, in colours where the terminal takes them."""
    chosen = colour()
    for line in lines:
        click.echo(as_started(line), color=chosen)


def print_json(document: JsonValue) -> None:
    """Prints JSON as UTF-8, whatever the locale (RFC 8259 §8.1). Control characters for a terminal are escaped."""
    print_utf8(pretty_json(document))


def print_utf8(text: str) -> None:
    """Prints a file's text as UTF-8, whatever the locale. What UTF-8 cannot hold is escaped."""
    click.echo(as_started(text).encode("utf-8", "backslashreplace"))
