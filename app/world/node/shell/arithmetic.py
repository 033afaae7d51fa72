"""`$((…))`: signed 64-bit integers, as in dash. Source: POSIX.1-2017, Shell Command Language, 2.6.4."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.world.node.shell.limits import DEPTH

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|[0-9]+|[A-Za-z_][A-Za-z0-9_]*|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:()])",
    re.ASCII,
)
_LEVELS: tuple[tuple[str, ...], ...] = (
    *(("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"), ("*", "/", "%")),
)
_ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")


class ArithmeticProblem(Exception):
    """The text is no expression, or divides by zero."""


def evaluate(text: str, get: Callable[[str], str], set_: Callable[[str, str], None]) -> int:
    """The expression's value. `get` and `set_` are the shell's variables. Raises `ArithmeticProblem`."""
    return _Evaluation(text, get, set_).all()


class _Evaluation:
    def __init__(self, text: str, get: Callable[[str], str], set_: Callable[[str, str], None]) -> None:
        self._get, self._set = get, set_
        self._text = text
        self._tokens: list[str] = []
        self._position = 0
        self._depth = 0
        self._skipped = 0
        """Above zero while a value is read that is not needed: the other side of `&&`, `||` and `?`."""
        position = 0
        stripped = text.rstrip()
        while position < len(stripped):
            found = _TOKEN.match(stripped, position)
            if found is None:
                raise self._problem("expecting primary")
            self._tokens.append(found[1])
            position = found.end()

    def all(self) -> int:
        if not self._tokens:
            return 0
        value = self._assignment()
        if self._position < len(self._tokens):
            raise self._problem("expecting EOF")
        return value

    def _problem(self, text: str) -> ArithmeticProblem:
        return ArithmeticProblem(f'arithmetic expression: {text}: "{self._text}"')

    def _peek(self, ahead: int = 0) -> str:
        place = self._position + ahead
        return self._tokens[place] if place < len(self._tokens) else ""

    def _take(self, *tokens: str) -> str:
        found = self._peek()
        if found not in tokens:
            return ""
        self._position += 1
        return found

    def _assignment(self) -> int:
        self._depth += 1
        if self._depth > DEPTH:
            raise self._problem("too many parentheses inside each other for this simulated shell")
        name = self._peek()
        if (name[:1].isalpha() or name[:1] == "_") and self._peek(1) in _ASSIGNMENTS:
            operator = self._peek(1)
            self._position += 2
            value = self._assignment()
            if operator != "=":
                value = self._apply(operator[:-1], self._variable(name), value)
            if not self._skipped:
                self._set(name, str(value))
        else:
            value = self._condition()
        self._depth -= 1
        return value

    def _condition(self) -> int:
        test = self._logical("||")
        if not self._take("?"):
            return test
        self._skipped += not test
        first = self._assignment()
        self._skipped -= not test
        if not self._take(":"):
            raise self._problem("expecting ':'")
        self._skipped += bool(test)
        second = self._assignment()
        self._skipped -= bool(test)
        return first if test else second

    def _logical(self, operator: str) -> int:
        value = self._logical("&&") if operator == "||" else self._binary(0)
        while self._take(operator):
            decided = bool(value) == (operator == "||")
            self._skipped += decided
            other = self._logical("&&") if operator == "||" else self._binary(0)
            self._skipped -= decided
            value = int(bool(value) or bool(other)) if operator == "||" else int(bool(value) and bool(other))
        return value

    def _binary(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._binary(level + 1)
        while operator := self._take(*_LEVELS[level]):
            value = self._apply(operator, value, self._binary(level + 1))
        return value

    def _unary(self) -> int:
        signs = []
        while sign := self._take("!", "~", "-", "+"):
            signs.append(sign)
        value = self._primary()
        for sign in reversed(signs):
            value = {"!": int(not value), "~": ~value, "-": -value, "+": value}[sign]
        return _wrapped(value)

    def _primary(self) -> int:
        token = self._peek()
        self._position += 1
        if token == "(":
            value = self._assignment()
            if not self._take(")"):
                raise self._problem("expecting ')'")
            return value
        if token[:1].isdigit():
            return self._number(token)
        if token[:1].isalpha() or token[:1] == "_":
            return self._variable(token)
        raise self._problem("expecting primary")

    def _variable(self, name: str) -> int:
        text = self._get(name).strip()
        if not text:
            return 0
        sign = -1 if text[0] == "-" else 1
        return sign * self._number(text.lstrip("+-"))

    def _number(self, text: str) -> int:
        try:
            if text[:2] in ("0x", "0X"):
                value = int(text[2:32], 16)
            else:
                value = int(text[:32], 8 if text[:1] == "0" else 10) if text.isascii() and text.isdigit() else int("no")
        except ValueError:
            raise ArithmeticProblem(f"Illegal number: {text}") from None
        return min(value, 2**63 - 1)

    def _apply(self, operator: str, left: int, right: int) -> int:
        if operator in ("/", "%"):
            if right == 0:
                if self._skipped:
                    return 0
                raise self._problem("division by zero")
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            return _wrapped(quotient if operator == "/" else left - quotient * right)
        match operator:
            case "+":
                value = left + right
            case "-":
                value = left - right
            case "*":
                value = left * right
            case "&":
                value = left & right
            case "|":
                value = left | right
            case "^":
                value = left ^ right
            case "<<":
                value = left << (right & 63)
            case ">>":
                value = left >> (right & 63)
            case "==":
                value = left == right
            case "!=":
                value = left != right
            case "<":
                value = left < right
            case "<=":
                value = left <= right
            case ">":
                value = left > right
            case _:
                value = left >= right
        return _wrapped(int(value))


def _wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63
