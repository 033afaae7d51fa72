"""Writes what learners type, and what comes of it, into `docs/commands*.md`: `python -m tools.commands_page`.

The table is `tests/world/learner_commands.toml`, which the tests run. The words are those of `assets/content`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.content import Content
from tools.pins import ROOT
from tools.written_pages import write

TABLE = ROOT / "tests" / "world" / "learner_commands.toml"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One command line and what is expected of it."""

    topic: str
    line: str
    source: str
    status: int = 0
    shows: str = ""
    """A regular expression; empty where nothing has to be shown."""
    refused: bool = False
    """Whether the real product does more than this world, which says so."""
    cli: int = 1
    """The version of the AWS CLI."""
    often: bool = False
    """Whether `make test` runs it as well as `make test-all`."""


def rows() -> list[Row]:
    """The table, in order. Raises `ValueError` for a source that it does not have, `TypeError` for an unknown field."""
    table = _table()
    found = [
        Row(topic=topic["name"], **{**row, "line": row["line"].strip()})
        for topic in table["topics"]
        for row in topic["rows"]
    ]
    if unknown := {row.source for row in found} - set(table["sources"]):
        raise ValueError(f"{TABLE.name}: no such source: {', '.join(sorted(unknown))}; those are in `sources`")
    return found


def document(words: Content) -> str:
    """The page, in the language of `words`."""
    return "\n".join(_lines(words)) + "\n"


def _lines(words: Content) -> Iterator[str]:
    page, table, sources = words.messages.below("commands_page"), rows(), _table()["sources"]
    numbers = {source: number for number, source in enumerate(sources, 1)}
    anchor = page["sources_title"].lower()
    refused = sum(row.refused for row in table)
    lead = words.message("commands_page.lead", count=len(table), real=len(table) - refused, refused=refused)
    yield from (f"# {page['title']}", "", lead, "", words.message("commands_page.how", sources=anchor), "")
    yield page["written"]
    topic = ""
    for row in table:
        if row.topic != topic:
            topic = row.topic
            yield from ("", f"## {page[f'topics.{topic}']}", "")
            yield from (f"| {page['command']} | {page['status']} | {page['shown']} | |", "|---|---|---|---|")
        notes = [f"[{numbers[row.source]}](#{anchor})"]
        notes += [page["version_2"]] if row.cli == 2 else []
        notes += [page["not_simulated"]] if row.refused else []
        yield f"| {_code(row.line)} | {row.status} | {_code(row.shows)} | {' · '.join(notes)} |"
    yield from ("", f"## {page['sources_title']}", "")
    yield from (f"{number}. {page[f'sources.{source}']}" for source, number in numbers.items())


def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def _code(text: str) -> str:
    """For a cell: a code span that may contain backticks and bars."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}".replace("|", "\\|")


if __name__ == "__main__":
    write("commands_page.file", document)
