"""`jq`, by the library of the same name (https://jqlang.org/manual/): its program, its values, its error messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from app.console.filters.arguments import Given
from app.console.filters.lines import Ended

_NOTHING = object()
_MISSING = re.compile(r'(?s)"(?:[^"\\]|\\.)*+"?|#[^\n]*+|(?<![.$\w])(inputs?|halt(?:_error)?)(?!\w|\s*+:)')
"""What the library does not do as jq does, where a program names it outside texts and comments."""


def jq(given: Given, lines: Iterable[bytes]) -> Iterator[bytes]:
    """What the program makes of each value. Ends with jq's own status: 3 for a program, 5 and 2 for an input; with `-e`
    4 where there is no value, and 1 where the last one is null or false."""
    import jq as library

    if missing := next((found[1] for found in _MISSING.finditer(given.first) if found[1]), ""):
        raise Ended(3, f"jq: {missing} does not work in this console")
    variables = {name: json.loads(value) if kind == "argjson" else value for kind, name, value in _named(given)}
    try:
        program = library.compile(given.first, args=variables)
    except ValueError as error:
        raise Ended(3, str(error)) from None
    text = "null" if "n" in given.switches else b"".join(lines).decode("utf-8", "replace")
    last: Any = _NOTHING
    try:
        for value in program.input_text(text, slurp="s" in given.switches):
            last = value
            yield (_written(value, given.switches) + "\n").encode("utf-8", "surrogatepass")
    except ValueError as error:
        is_syntax = str(error).startswith("parse error")
        raise Ended(2 if is_syntax else 5, f"jq: {'' if is_syntax else 'error: '}{error}") from None
    if "e" in given.switches and (last is _NOTHING or last is None or last is False):  # 0 is equal to False
        raise Ended(4 if last is _NOTHING else 1)


def _named(given: Given) -> list[tuple[str, str, str]]:
    for kind, name, value in given.named:
        if kind == "argjson":
            try:
                json.loads(value)
            except ValueError as error:
                raise Ended(2, f"jq: Invalid JSON text passed to --argjson: {name}: {error}") from None
    return given.named


def _written(value: Any, switches: str) -> str:
    if "r" in switches and isinstance(value, str):
        return value
    separators = (",", ":") if "c" in switches else (",", ": ")
    indent = None if "c" in switches else 2
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, sort_keys="S" in switches)
    return re.sub(r"\x7f", r"\\u007f", text)
