"""The text of a label selector as a query contains it, such as `tier in (web, db),!old,size>5`.

Source: k8s.io/apimachinery `pkg/labels/selector.go`, whose parser says what it has found and what it expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.world.apiserver.types import errors, names

Requirement = tuple[str, str, frozenset[str]]
"""Key, operator (`In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`) and values."""
LARGEST = 2**63
"""Numbers that are compared have 64 bits."""
_TOKEN = re.compile(r"==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+")
_OPERATORS = {"in": "In", "notin": "NotIn", "=": "In", "==": "In", "!=": "NotIn", ">": "Gt", "<": "Lt"}
_BINARY = "in, notin, =, ==, !=, gt, lt"


class _Unexpected(Exception):
    """What the server says of a text that is no selector."""


def parse(text: str, limit: int) -> list[Requirement]:
    """The requirements of a selector. Raises `ApiError` 400 for what is none, and for more than `limit` of them."""
    found = list[Requirement]()
    parser = _Parser(text)
    try:
        for requirement in parser.requirements():
            found.append(requirement)
            if len(found) > limit:
                raise _Unexpected(
                    f"unable to parse requirement: this simulated API server takes at most {limit} in a selector"
                )
    except _Unexpected as error:
        raise errors.bad_request(str(error)) from None
    return found


def integer(value: str) -> int | None:
    """The number that a value is, as `strconv.ParseInt` reads it; None for none."""
    number = int(value) if re.fullmatch(r"[+-]?[0-9]{1,20}", value) else LARGEST
    return number if -LARGEST <= number < LARGEST else None


def _is_word(token: str) -> bool:
    return bool(token) and token[0] not in "=!(),<>"


class _Parser:
    """Reads one token after the other; the empty one is the end."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = [*_TOKEN.findall(text), ""]
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def requirements(self) -> Iterator[Requirement]:
        """All of them. Raises `_Unexpected`."""
        token = self._peek()
        if token and not (_is_word(token) or token == "!"):
            raise _Unexpected(f"found '{token}', expected: !, identifier, or 'end of string'")
        while token:
            try:
                yield self._requirement()
            except _Unexpected as error:
                raise _Unexpected(f"unable to parse requirement: {error}") from None
            if (token := self._next()) not in ("", ","):
                raise _Unexpected(f"found '{token}', expected: ',' or 'end of string'")
            if token == "," and not (_is_word(self._peek()) or self._peek() == "!"):
                raise _Unexpected(f"found '{self._peek()}', expected: identifier after ','")

    def _requirement(self) -> Requirement:
        key = self._next()
        if absent := key == "!":
            key = self._next()
        if not _is_word(key):
            raise _Unexpected(f"found '{key}', expected: identifier")
        if wrong := names.qualified_name_errors(key):
            raise _Unexpected(_cause("<nil>", key, "; ".join(wrong)))
        if absent or self._peek() in ("", ","):
            return key, "DoesNotExist" if absent else "Exists", frozenset()
        operator = self._next()
        if operator not in _OPERATORS:
            raise _Unexpected(f"found '{operator}', expected: {_BINARY}")
        values = self._values() if operator in ("in", "notin") else {self._value()}
        _check(key, _OPERATORS[operator], sorted(values))
        return key, _OPERATORS[operator], frozenset(values)

    def _value(self) -> str:
        """The one value after `=` and the like; the end of the requirement is the empty one."""
        if self._peek() in ("", ","):
            return ""
        if not _is_word(value := self._next()):
            raise _Unexpected(f"found '{value}', expected: identifier")
        return value

    def _values(self) -> set[str]:
        """The values in brackets; where one is missing, it is the empty one."""
        if (token := self._next()) != "(":
            raise _Unexpected(f"found '{token}' expected: '('")
        if not (_is_word(self._peek()) or self._peek() in (",", ")")):
            raise _Unexpected(f"found '{self._peek()}', expected: ',', ')' or identifier")
        values = set[str]()
        while True:
            if _is_word(self._peek()):
                values.add(self._next())
                if self._peek() not in (",", ")"):
                    raise _Unexpected(f"found '{self._peek()}', expected: ',' or ')'")
            else:
                values.add("")
            if (token := self._next()) == ")":
                return values
            if token != ",":
                raise _Unexpected(f"found '{token}', expected: ',', or identifier")


def _check(key: str, operator: str, values: list[str]) -> None:
    wrong = []
    if operator in ("Gt", "Lt") and integer(values[0]) is None:
        wrong.append(_cause("values[0]", values[0], "for 'Gt', 'Lt' operators, the value must be an integer"))
    for index, value in enumerate(values):
        if why := names.label_value_errors(value):
            wrong.append(_cause(f"values[{index}][{key}]", value, "; ".join(why)))
    if wrong:
        raise _Unexpected(wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]")


def _cause(field: str, value: str, why: str) -> str:
    return f"{field}: {names.invalid_value(field, value, why).message}"
