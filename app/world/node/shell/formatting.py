"""`printf`, and the escapes of `echo`. Source: POSIX.1-2017, Utilities, printf and echo."""

from __future__ import annotations

import re

from app.world.node.shell.limits import TEXT

_SINGLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_SPECIFICATION = re.compile(r"%([-+ 0#]*)([0-9]{0,4}|\*)(?:\.([0-9]{0,4}|\*))?(.?)", re.DOTALL)
_INTEGER = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)", re.ASCII)


class FormatProblem(Exception):
    """A format of `printf` or `date` is not valid."""


def escaped(text: str, *, octal_zero: bool, quotes: bool = False) -> tuple[str, bool]:
    r"""The text with its escapes read, and whether `\c` ends all output.

    `octal_zero`: `\0ddd`, as in `echo` and `%b`; a format has `\ddd`.
    """
    pieces: list[str] = []
    position = 0
    while True:
        found = text.find("\\", position)
        if found < 0 or found + 1 >= len(text):
            return "".join(pieces) + text[position:], False
        pieces.append(text[position:found])
        letter = text[found + 1]
        position = found + 2
        if letter == "c" and octal_zero:
            return "".join(pieces), True
        if letter in _SINGLE:
            pieces.append(_SINGLE[letter])
        elif letter in "\"'" and quotes:
            pieces.append(letter)
        elif letter in "01234567":
            start = found + 2 if octal_zero and letter == "0" else found + 1
            digits = text[start : start + 3]
            digits = digits[: len(digits) - len(digits.lstrip("01234567"))]
            position = start + len(digits)
            code = int(digits or "0", 8) & 255
            pieces.append(bytes([code]).decode("utf-8", "surrogateescape"))
        else:
            pieces.append("\\" + letter)


def formatted(format_: str, arguments: list[str]) -> tuple[str, list[str]]:
    """The output of `printf`, and its error messages. The format is used again while arguments are left.

    Raises `FormatProblem`.
    """
    pieces: list[str] = []
    problems: list[str] = []
    left = list(arguments)
    size = 0
    while True:
        before, done = len(left), len(pieces)
        stops = _once(format_, left, pieces, problems)
        size += sum(map(len, pieces[done:]))
        if size > TEXT:
            raise FormatProblem("too much output for this simulated shell")
        if stops or not left or len(left) == before:
            return "".join(pieces), problems


def _once(format_: str, left: list[str], pieces: list[str], problems: list[str]) -> bool:
    r"""Applies the format once. Returns whether `\c` of a `%b` ends all output."""
    position = 0
    while position < len(format_):
        found = format_.find("%", position)
        end = len(format_) if found < 0 else found
        pieces.append(escaped(format_[position:end], octal_zero=False, quotes=True)[0])
        if found < 0:
            return False
        if format_[found : found + 2] == "%%":
            pieces.append("%")
            position = found + 2
            continue
        specification = _SPECIFICATION.match(format_, found)
        if specification is None:
            raise FormatProblem(f"{format_[found:]}: invalid directive")
        position = specification.end()
        flags, width, precision, kind = specification.groups()
        if width == "*":
            width = str(_integer(left.pop(0), problems)) if left else "0"
            flags, width = (flags + "-", width[1:]) if width.startswith("-") else (flags, width)
        if precision == "*":
            precision = str(max(0, _integer(left.pop(0), problems))) if left else "0"
        if len(width) > 5 or len(precision or "") > 5:
            raise FormatProblem("too much output for this simulated shell")
        text, stops = _convert(kind, flags, precision, left, problems)
        if "-" in flags:
            text = text.ljust(int(width or "0"))
        elif "0" in flags and kind in "diouxXeEfFgG" and (precision is None or kind in "eEfFgG"):
            sign = text[:1] if text[:1] in ("-", "+", " ") else ""
            text = sign + text[len(sign) :].rjust(int(width or "0") - len(sign), "0")
        else:
            text = text.rjust(int(width or "0"))
        pieces.append(text)
        if stops:
            return True
    return False


def _convert(kind: str, flags: str, precision: str | None, left: list[str], problems: list[str]) -> tuple[str, bool]:
    if kind and kind in "diouxXeEfFgG":
        argument = left.pop(0) if left else ""
        if kind in "di":
            number = _integer(argument, problems)
            digits = str(abs(number)).rjust(int(precision or "0"), "0")
            sign = "-" if number < 0 else "+" if "+" in flags else " " if " " in flags else ""
            return sign + digits, False
        if kind in "ouxX":
            number = _integer(argument, problems) % 2**64
            digits = format(number, {"o": "o", "u": "d", "x": "x", "X": "X"}[kind]).rjust(int(precision or "0"), "0")
            prefix = {"o": "0", "x": "0x", "X": "0X"}.get(kind, "") if "#" in flags and number else ""
            return prefix + digits, False
        try:
            value = float(argument or "0")
        except ValueError:
            problems.append(f"{argument}: expected numeric value")
            value = 0.0
        sign = "+" if "+" in flags else " " if " " in flags else "-"
        return format(value, f"{sign}.{int(precision if precision is not None else '6') or 0}{kind}"), False
    if kind == "s":
        text = left.pop(0) if left else ""
        return (text if precision is None else text[: int(precision or "0")]), False
    if kind == "c":
        return (left.pop(0) if left else "")[:1], False
    if kind == "b":
        text, stops = escaped(left.pop(0) if left else "", octal_zero=True)
        return (text if precision is None else text[: int(precision or "0")]), stops
    raise FormatProblem(f"%{flags}{kind}: invalid directive")


def _integer(text: str, problems: list[str]) -> int:
    if text[:1] in ("'", '"'):
        return ord(text[1:2] or "\0")
    found = _INTEGER.match(text.lstrip())
    if found is None:
        if text:
            problems.append(f"{text}: expected numeric value")
        return 0
    if found[0] != text.lstrip():
        problems.append(f"{text}: not completely converted")
    digits = found[0].lstrip("+-")[:32]
    value = int(digits, 16 if digits[:2] in ("0x", "0X") else 8 if _is_octal(digits) else 10)
    value = -value if found[0][0] == "-" else value
    return max(-(2**63), min(value, 2**63 - 1))


def _is_octal(digits: str) -> bool:
    return digits[0] == "0" and not set(digits) - set("01234567")
