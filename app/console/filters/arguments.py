"""What may be written after a filter's name, looked at before anything runs.

The options are those of POSIX (IEEE Std 1003.1, Utilities), of GNU's `grep` and `base64`, and of jq's manual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from app.console.command_line import LineRefused
from app.console.files import name_of


@dataclass(frozen=True, kw_only=True)
class _Form:
    """The arguments of one filter."""

    switches: str = ""
    """Options without a value, by letter."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Options with one: the letter and the pattern of the value."""
    long: Mapping[str, str] = field(default_factory=dict)
    """Long names and the letter that they mean."""
    named: tuple[str, ...] = ()
    """Long options with two values: a variable's name and its value."""
    first: bool = False
    """Whether the first word is no file: a pattern, a program."""


_PLACE = r"(?:[1-9]\d{0,5})?"
_LIST = rf"{_PLACE}(-{_PLACE})?(,{_PLACE}(-{_PLACE})?){{0,50}}"
_COUNTS = _Form(values=MappingProxyType({"n": r"[+-]?\d{1,9}", "c": r"[+-]?\d{1,9}"}))
FORMS: Mapping[str, _Form] = MappingProxyType(
    {
        "cat": _Form(),
        "grep": _Form(
            switches="ivEFcon",
            long=MappingProxyType(
                {"ignore-case": "i", "invert-match": "v", "extended-regexp": "E", "fixed-strings": "F"}
                | {"count": "c", "only-matching": "o", "line-number": "n"}
            ),
            first=True,
        ),
        "base64": _Form(
            switches="d", values=MappingProxyType({"w": r"\d{1,9}"}), long=MappingProxyType({"decode": "d"})
        ),
        "cut": _Form(switches="s", values=MappingProxyType({"d": "(?s).", "f": _LIST, "c": _LIST})),
        "head": _COUNTS,
        "tail": _COUNTS,
        "wc": _Form(switches="lwc"),
        "sort": _Form(switches="rnu"),
        "jq": _Form(
            switches="rcsneS",
            long=MappingProxyType(
                {"raw-output": "r", "compact-output": "c", "slurp": "s", "null-input": "n", "exit-status": "e"}
                | {"sort-keys": "S"}
            ),
            named=("arg", "argjson"),
            first=True,
        ),
    }
)
"""By name."""


@dataclass
class Given:
    """The arguments of one use."""

    name: str
    switches: str
    values: dict[str, str]
    named: list[tuple[str, str, str]]
    """Option, variable and value."""
    first: str
    files: list[str]


def given(words: Sequence[str]) -> Given:
    """What a filter was given. Raises `LineRefused` for what it does not know."""
    name, rest = words[0], list(words[1:])
    form = FORMS[name]
    found = Given(name=name, switches="", values={}, named=[], first="", files=[])
    plain: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            plain += rest
            break
        if word.startswith("--"):
            _long(form, word, rest, found)
        elif word.startswith("-") and len(word) > 1:
            _short(form, word, rest, found)
        else:
            plain.append(word)
    if form.first:
        if not plain and name != "jq":
            raise LineRefused("filter_needs", got=name)
        found.first = plain.pop(0) if plain else "."
    if name == "cut" and not {"f", "c"} & found.values.keys():
        raise LineRefused("filter_needs", got=name)
    found.files = [file if file == "-" else name_of(file) for file in plain]
    return found


def _long(form: _Form, word: str, rest: list[str], found: Given) -> None:
    name = word[2:]
    if name in form.named and len(rest) >= 2:
        found.named.append((name, rest.pop(0), rest.pop(0)))
    elif letter := form.long.get(name):
        found.switches += letter
    else:
        raise LineRefused("filter_option", program=found.name, got=word)


def _short(form: _Form, word: str, rest: list[str], found: Given) -> None:
    if form is _COUNTS and word[1:].isdecimal():
        found.values["n"] = word[1:]
        return
    for at, letter in enumerate(word[1:], 1):
        if letter in form.switches:
            found.switches += letter
        elif pattern := form.values.get(letter):
            value = word[at + 1 :] or (rest.pop(0) if rest else "")
            if not value or not re.fullmatch(pattern, value):
                raise LineRefused("filter_option", program=found.name, got=f"-{letter} {value}")
            found.values[letter] = value
            return
        else:
            raise LineRefused("filter_option", program=found.name, got=f"-{letter}")
