"""What a line becomes: the processes to start, from left to right. Here every argument is looked at."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby

from app.console import aws_fence, kubectl_fence
from app.console.command_line import Line, LineRefused
from app.console.files import name_of
from app.console.filters import arguments
from app.console.programs import NAMES, Program

OWN = ("ls", "rm")
"""Commands about this visitor's files, which need no process."""
_READ_INPUT = {"-", "-i", "-it", "-ti", "--stdin", "--stdin=true", "-i=true"}
"""Words by which kubectl and aws read their standard input."""
_CLOSE = 0.75
"""How like a program's name a typed one is that is meant for it: `kubctl` is, `awk` is not."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of a line: a program, or our filters in a row."""

    program: Program | None
    """None for our filters."""
    stages: tuple[tuple[str, ...], ...]
    """The arguments of the program, without its name; or the words of each filter."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One line, ready to run."""

    parts: tuple[Part, ...]
    own: tuple[str, ...] = ()
    """The words of a command about files, where the line is one: then there are no parts."""
    given: str | None = None
    reads_input: bool = False
    """Whether its first process may be written to while it runs."""
    to_file: str = ""
    appends: bool = False
    writes_kubeconfig: bool = False
    """Whether it writes a context, which goes with the command's HOME."""


def plan(line: Line, programs: Mapping[str, Program], context: str) -> Plan:
    """Raises `LineRefused` for what is not allowed here, and for programs that are not there."""
    to_file = name_of(line.to_file) if line.to_file else ""
    if line.stages[0][0] in OWN:
        if len(line.stages) > 1 or to_file or line.given is not None:
            raise LineRefused("own_alone", got=line.stages[0][0])
        for name in line.stages[0][1:]:
            name_of(name)
        return Plan(parts=(), own=line.stages[0])
    parts: list[Part] = []
    for is_filter, stages in groupby(line.stages, lambda words: words[0] in arguments.FORMS):
        if is_filter:
            filters = tuple(stages)
            for words in filters:
                arguments.given(words)
            parts.append(Part(program=None, stages=filters))
        else:
            parts += (Part(program=_checked(words, programs, context), stages=(words[1:],)) for words in stages)
    return Plan(
        parts=tuple(parts),
        given=line.given,
        reads_input=line.given is None and _reads_input(line.stages[0]),
        to_file=to_file,
        appends=line.appends,
        writes_kubeconfig=any(words[0] == "aws" and aws_fence.writes_kubeconfig(words[1:]) for words in line.stages),
    )


def _unknown(name: str) -> LineRefused:
    if (plain := unicodedata.normalize("NFKC", name)) != name:
        return LineRefused("full_width", got=name, expected=plain)
    if close := get_close_matches(name, NAMES, 1, _CLOSE):
        return LineRefused("close_to", got=name, expected=close[0])
    return LineRefused("unknown_program", got=name)


def _checked(words: tuple[str, ...], programs: Mapping[str, Program], context: str) -> Program:
    name = words[0]
    if name == "$":
        raise LineRefused("prompt", got=name)
    if name not in NAMES:
        raise _unknown(name)
    if name not in programs:
        raise LineRefused(f"missing_{name}", got=name)
    if name == "kubectl":
        kubectl_fence.check(words[1:], context=context)
        if kubectl_fence.compares(words[1:]) and not programs[name].variables:
            raise LineRefused("missing_diff", got="kubectl diff")
    else:
        aws_fence.check(words[1:])
    return programs[name]


def _reads_input(words: tuple[str, ...]) -> bool:
    if words[0] in arguments.FORMS:
        found = arguments.given(words)
        return not found.files and "n" not in (found.switches if found.name == "jq" else "")
    return bool(_READ_INPUT & set(words[1:]))
