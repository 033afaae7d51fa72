"""Writes what learners type, and what comes of it, into `docs/commands.md`: `python -m tools.commands_page`.

The table is `tests/world/learner_commands.toml`, which the tests run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

_ROOT = Path(__file__).resolve().parents[1]
TABLE = _ROOT / "tests" / "world" / "learner_commands.toml"
PAGE = _ROOT / "docs" / "commands.md"

_LEAD = """\
# Commands that learners type

Do the commands that people try first work in the simulated world as they do in a real cluster and account? This page
lists {count} of them with the outcome that the tests expect: the exit status, and a regular expression for what is
shown. {real} come out as with the real product. The other {refused}, marked “not simulated”, are refused, and the
message says so.

The tests run the lines in this order in one finished world, with the real `kubectl` and `aws` (version 1, or 2 where
the table says so). `$ACCOUNT` is the number of the account. A number in the last column refers to the source of the
expectation, below.

`python -m tools.commands_page` writes this page from `tests/world/learner_commands.toml`."""


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
    """The table, in order. Raises `KeyError` for a source that it does not have, `TypeError` for an unknown field."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    found = [
        Row(topic=topic["title"], **{**row, "line": row["line"].strip()})
        for topic in table["topics"]
        for row in topic["rows"]
    ]
    for row in found:
        table["sources"][row.source]
    return found


def document() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    table, sources = rows(), tomllib.loads(TABLE.read_text(encoding="utf-8"))["sources"]
    numbers = {source: number for number, source in enumerate(sources, 1)}
    refused = sum(row.refused for row in table)
    yield _LEAD.format(count=len(table), real=len(table) - refused, refused=refused)
    topic = ""
    for row in table:
        if row.topic != topic:
            topic = row.topic
            yield from ("", f"## {topic}", "", "| command | status | what is shown | |", "|---|---|---|---|")
        notes = [f"[{numbers[row.source]}](#sources)"]
        notes += ["version 2"] if row.cli == 2 else []
        notes += ["not simulated"] if row.refused else []
        yield f"| {_code(row.line)} | {row.status} | {_code(row.shows)} | {', '.join(notes)} |"
    yield from ("", "## Sources", "")
    for source, number in numbers.items():
        yield f"{number}. {sources[source][0].upper()}{sources[source][1:]}."


def _code(text: str) -> str:
    """For a cell: a code span that may contain backticks and bars."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(document(), encoding="utf-8")
    click.echo("docs/commands.md")
