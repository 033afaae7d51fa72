"""What the Tab key may add: kubectl says it for its own arguments, this visitor's files and our filters are known.

What it adds to an aws command is in `app.console.aws_completion`.

`kubectl __complete WORD… PART` prints one candidate a line, after a tab its description, and last `:` and a number
whose bits say how to go on (cobra's ShellCompDirective: 4 is “no files”).
https://github.com/spf13/cobra/blob/main/site/content/completions/_index.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.console import kubectl_fence
from app.console.command_line import LINE_LIMIT, UNWRITABLE, LineRefused, parse
from app.console.filters.arguments import FORMS
from app.console.plan import OWN, Part, Plan
from app.console.programs import NAMES, Program

CANDIDATES = 100
"""As many are offered."""
_SEPARATORS = re.compile(r"[|\n]")
_NO_FILES = 4
_ERRORS = 1
_FILE_BEFORE = re.compile(r"(?:^|\s)(?:-f|--filename|--patch-file|>>?)[ =]?$")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A word that Tab offers."""

    text: str
    detail: str = ""
    """What its program says of it."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is before the cursor."""

    words: tuple[str, ...]
    """The complete words of this command."""
    part: str
    """The word that is being typed, as typed."""
    before: str
    """The text before that word."""


def asked(text: str) -> Asked | None:
    """What of `text`, which ends at the cursor, is to be completed; None where a quote is open, it is too long, or no
    argument of a process can contain it."""
    if len(text) > LINE_LIMIT or UNWRITABLE.search(text):
        return None
    command = _SEPARATORS.split(text)[-1].lstrip()
    part = command[max(command.rfind(blank) for blank in " \t") + 1 :]
    before = command[: len(command) - len(part)]
    try:
        lines = parse(before.rstrip().rstrip(">")) if before.strip() else []
    except LineRefused:
        return None
    if any(quote in part for quote in "'\"\\$`"):
        return None
    return Asked(words=lines[-1].stages[-1] if lines else (), part=part, before=before)


def by_name(found: Asked, programs: Iterable[str], files: Iterable[str]) -> list[Candidate] | None:
    """The candidates that need no program; None where kubectl or aws knows better."""
    if not found.words:
        return _starting(found.part, (*programs, *FORMS, *OWN))
    for scheme in ("file://", "fileb://"):
        if found.part.startswith(scheme):
            return _starting(found.part, (scheme + name for name in files))
    is_file = _FILE_BEFORE.search(found.before) or found.words[0] in (*FORMS, *OWN)
    if is_file and not found.part.startswith("-"):
        return _starting(found.part, files)
    return None if found.words[0] in NAMES else []


def question(found: Asked, programs: Mapping[str, Program], context: str) -> Plan | None:
    """How to ask kubectl; None where it is not there or must not be asked."""
    program = programs.get("kubectl")
    try:
        kubectl_fence.check(found.words[1:], context=context)
    except LineRefused:
        return None
    if program is None:
        return None
    return Plan(parts=(Part(program=program, stages=(("__complete", *found.words[1:], found.part),)),))


def answer(said: str, files: Iterable[str], part: str) -> list[Candidate]:
    """The candidates in what kubectl printed."""
    lines = said.splitlines()
    at = next((index for index, line in enumerate(lines) if re.fullmatch(r":\d+", line)), None)
    if at is None:
        return []
    directive = int(lines[at][1:])
    if directive & _ERRORS:
        return []
    named = [line.partition("\t") for line in lines[:at] if line and not line.startswith("_activeHelp_")]
    found = [Candidate(text=text, detail=detail) for text, _, detail in named]
    if not found and not directive & _NO_FILES:
        return _starting(part, files)
    return found[:CANDIDATES]


def _starting(part: str, names: Iterable[str]) -> list[Candidate]:
    return [Candidate(text=name) for name in names if name.startswith(part)][:CANDIDATES]
