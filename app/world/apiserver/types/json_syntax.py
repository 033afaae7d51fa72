"""What Go's encoding/json says of a text that is no JSON. The API server's clients see those words.

It reads as Go's scanner does, one character after the other, and stops at the first that cannot stand there.
https://go.dev/src/encoding/json/scanner.go
"""

from __future__ import annotations

import re

SCANNED = 32 * 1024
"""Bytes that are looked at, about 30 ms of one loop that serves all. What people write has a few thousand."""
_END = "unexpected end of JSON input"
_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_NUMBER = (
    (re.compile(r"-?"), re.compile(r"0|[1-9]\d*", re.ASCII), "in numeric literal"),
    (re.compile(r"\."), re.compile(r"\d+", re.ASCII), "after decimal point in numeric literal"),
    (re.compile(r"[eE][+-]?"), re.compile(r"\d+", re.ASCII), "in exponent of numeric literal"),
)
"""The parts of a number: how each begins, its digits, and where they are missing."""
_WORDS = {"t": "true", "f": "false", "n": "null"}
_ESCAPED = 'bfnrt\\/"'
_HEXADECIMAL = "0123456789abcdefABCDEF"


class _Wrong(Exception):
    """The first character that cannot stand where it is; no character for the end of the text."""

    def __init__(self, char: str, where: str) -> None:
        super().__init__(f"invalid character {_quoted(char)} {where}" if char else _END)


def syntax_error(raw: bytes) -> str:
    """What is wrong in the text; empty where Go finds nothing, or where the text is so long that the search would keep
    others waiting."""
    if len(raw) > SCANNED:
        return ""
    text = raw.decode("latin-1")  # Go names a byte, not a character
    try:
        _scan(text)
    except _Wrong as wrong:
        return str(wrong)
    return ""


def _scan(text: str) -> None:
    closes: list[str] = []
    at = _value(text, 0, closes)
    while True:
        at = _skip(text, at)
        char = text[at : at + 1]
        if not closes:
            if char:
                raise _Wrong(char, "after top-level value")
            return
        if char == closes[-1]:
            closes.pop()
            at += 1
        elif char != ",":
            raise _Wrong(char, "after object key:value pair" if closes[-1] == "}" else "after array element")
        elif closes[-1] == "}":
            at = _value(text, _key(text, at + 1), closes)
        else:
            at = _value(text, at + 1, closes)


def _value(text: str, at: int, closes: list[str]) -> int:
    """The end of a value, or of what begins it down to the first that is neither object nor array."""
    while True:
        at = _skip(text, at)
        char = text[at : at + 1]
        if char == '"':
            return _string(text, at)
        if char and char in "-0123456789":
            return _number(text, at)
        if word := _WORDS.get(char):
            return _word(text, at, word)
        if not char or char not in "{[":
            raise _Wrong(char, "looking for beginning of value")
        close = "}" if char == "{" else "]"
        at = _skip(text, at + 1)
        if text[at : at + 1] == close:
            return at + 1
        closes.append(close)
        if char == "{":
            at = _key(text, at)


def _key(text: str, at: int) -> int:
    """Where its value begins."""
    at = _skip(text, at)
    if text[at : at + 1] != '"':
        raise _Wrong(text[at : at + 1], "looking for beginning of object key string")
    at = _skip(text, _string(text, at))
    if text[at : at + 1] != ":":
        raise _Wrong(text[at : at + 1], "after object key")
    return at + 1


def _string(text: str, at: int) -> int:
    at += 1
    while True:
        at = _matched(_PLAIN, text, at)
        char = text[at : at + 1]
        if char == '"':
            return at + 1
        if char != "\\":
            raise _Wrong(char, "in string literal")
        escaped = text[at + 1 : at + 2]
        at += 2
        if escaped == "u":
            for digit in text[at : at + 4].ljust(4):
                if digit not in _HEXADECIMAL:
                    raise _Wrong(digit, r"in \u hexadecimal character escape")
            at += 4
        elif not escaped or escaped not in _ESCAPED:
            raise _Wrong(escaped or " ", "in string escape code")


def _number(text: str, at: int) -> int:
    for begins, digits, where in _NUMBER:
        if found := begins.match(text, at):
            end = _matched(digits, text, found.end())
            if end == found.end():
                raise _Wrong(text[end : end + 1] or " ", where)
            at = end
    return at


def _word(text: str, at: int, word: str) -> int:
    # At the end of the text, Go's scanner reads a blank, here as in a number and after a backslash.
    for expected, char in zip(word, text[at : at + len(word)].ljust(len(word)), strict=True):
        if char != expected:
            raise _Wrong(char, f"in literal {word} (expecting '{expected}')")
    return at + len(word)


def _skip(text: str, at: int) -> int:
    return _matched(_SPACE, text, at)


def _matched(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _quoted(char: str) -> str:
    """As `quoteChar` and `strconv.Quote` write a character."""
    if char == "'":
        return r"'\''"
    if char == '"':
        return "'\"'"
    if "\x80" <= char <= "\x9f" or char in "\xa0\xad":
        return rf"'\u{ord(char):04x}'"
    named = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\"}
    plain = char if char.isprintable() else f"\\x{ord(char):02x}"
    return f"'{named.get(char, plain)}'"
