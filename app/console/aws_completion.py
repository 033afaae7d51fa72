"""What Tab may add to an aws command: the services, operations and options that version 2 of aws lists for itself.

The AWS CLI brings its `ac.index`, an SQLite database: a row of `command_table` for each service and operation, with
the path of what it belongs to (`aws.iam`), and one of `param_table` for each option. Version 1 has none.
https://github.com/aws/aws-cli/blob/v2/awscli/autocomplete/local/indexer.py
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

from app.console import aws_fence
from app.console.command_line import LineRefused
from app.console.completion import CANDIDATES, Asked, Candidate

_COMMANDS = "SELECT command, coalesce(full_name, '') FROM command_table WHERE parent = ? ORDER BY command"
_OPTIONS = "SELECT argname FROM param_table WHERE parent = ? AND command = ? AND positional_arg = '0' ORDER BY argname"


SERVICES = ("cloudtrail", "configure", "eks", "iam", "s3", "s3api", "sts")
"""The services, of several hundred, that a world answers: Tab does not offer the others."""


def candidates(index: str, asked: Asked) -> list[Candidate]:
    """The words in that database that the console does not refuse; empty where there is no database."""
    if not index:
        return []
    try:
        aws_fence.check(asked.words[1:], is_complete=False)
        with closing(sqlite3.connect(f"{Path(index).as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            found = _options(database, asked) if asked.part.startswith("-") else _commands(database, asked)
            path = _path(asked)
            return list(islice((one for one in found if _is_allowed(path, one)), CANDIDATES))
    except (sqlite3.Error, LineRefused):
        return []  # a database of another version, or a line that will not run: Tab adds nothing then


def _commands(database: sqlite3.Connection, asked: Asked) -> Iterator[Candidate]:
    if asked.words[-1].startswith("-"):
        return  # its value, or the next option
    path = _path(asked)
    for command, full_name in database.execute(_COMMANDS, (".".join(path),)):
        if command.startswith(asked.part) and (len(path) > 1 or command in SERVICES):
            yield Candidate(text=command, detail=full_name)


def _options(database: sqlite3.Connection, asked: Asked) -> Iterator[Candidate]:
    path = _path(asked)
    given = {word.partition("=")[0] for word in asked.words}
    for parents, command in ((path[:-1], path[-1]), ((), "aws")) if len(path) > 1 else (((), "aws"),):
        for (name,) in database.execute(_OPTIONS, (".".join(parents), command)):
            if f"--{name}".startswith(asked.part) and f"--{name}" not in given:
                yield Candidate(text=f"--{name}")


def _path(asked: Asked) -> list[str]:
    return ["aws", *aws_fence.positional(asked.words[1:])]


def _is_allowed(path: list[str], candidate: Candidate) -> bool:
    """Whether the candidate may stand in a line whose words may: that depends on the service and the operation alone,
    because the candidate has no value yet."""
    try:
        aws_fence.check((*path[1:3], candidate.text), is_complete=False)
    except LineRefused:
        return False
    return True
