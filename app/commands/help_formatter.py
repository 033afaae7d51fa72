"""How help is broken into lines: by the columns that a terminal needs for them. click counts characters."""

from __future__ import annotations

from collections.abc import Iterable

import click

from app.commands.rendering import width, wrapped


class HelpFormatter(click.HelpFormatter):
    """click's, but a Japanese character takes two columns, and code is not broken."""

    def write_text(self, text: str) -> None:
        """As click does."""
        super().write_text(_broken(text, self.width - self.current_indent))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """As click does."""
        rows = list(rows)
        first = min(max(width(term) for term, _ in rows), col_max) + col_spacing
        columns = max(self.width - first - self.current_indent, 10)
        super().write_dl([(term, _broken(text, columns)) for term, text in rows], col_max, col_spacing)


class Context(click.Context):
    """The context of each command, with our help."""

    formatter_class = HelpFormatter


def _broken(text: str, columns: int) -> str:
    """`text` in lines that click leaves as they are: it breaks no paragraph that begins with a line of `\\b`."""
    paragraphs = text.split("\n\n")
    return "\n\n".join("\n".join(("\b", *wrapped(it, columns))) for it in paragraphs)
