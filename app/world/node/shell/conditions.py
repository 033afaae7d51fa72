"""`test` and `[`. Source: POSIX.1-2017, Utilities, test; dash for `<`, `>`, `-nt`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.world.node.volumes.inodes import Inode

if TYPE_CHECKING:
    from app.world.node.shell.interpreter import Shell

_FILES = "edfrwxsLhbcpSugkO"
_INTEGERS = ("-eq", "-ne", "-lt", "-le", "-gt", "-ge")
_BINARY = ("=", "==", "!=", "<", ">", *_INTEGERS)


class ConditionProblem(Exception):
    """The arguments are no condition."""


def holds(arguments: list[str], shell: Shell) -> bool:
    """Whether the condition is true. Raises `ConditionProblem`."""
    # By the number of arguments, as POSIX specifies it; longer conditions by precedence.
    match arguments:
        case []:
            return False
        case [text]:
            return bool(text)
        case ["!", text]:
            return not text
        case [left, operator, right] if operator in _BINARY:
            return _compare(left, operator, right)
        case ["!", *rest] if len(rest) <= 3:
            return not holds(rest, shell)
        case ["(", text, ")"]:
            return bool(text)
    condition = _Condition(arguments, shell)
    value = condition.either()
    if condition.left:
        raise ConditionProblem(f"{condition.left[0]}: unexpected operator")
    return value


class _Condition:
    def __init__(self, arguments: list[str], shell: Shell) -> None:
        self.left = list(arguments)
        self._shell = shell

    def either(self) -> bool:
        value = self._both()
        while self.left[:1] == ["-o"]:
            self.left.pop(0)
            other = self._both()
            value = value or other
        return value

    def _both(self) -> bool:
        value = self._one()
        while self.left[:1] == ["-a"]:
            self.left.pop(0)
            other = self._one()
            value = value and other
        return value

    def _one(self) -> bool:
        negated = False
        while self.left[:1] == ["!"] and len(self.left) > 1:
            self.left.pop(0)
            negated = not negated
        return self._primary() != negated

    def _primary(self) -> bool:
        if not self.left:
            raise ConditionProblem("argument expected")
        first = self.left.pop(0)
        if self.left and self.left[0] in _BINARY and len(self.left) > 1:
            operator, right = self.left.pop(0), self.left.pop(0)
            return _compare(first, operator, right)
        if first == "(":
            value = self.either()
            if self.left[:1] != [")"]:
                raise ConditionProblem("closing paren expected")
            self.left.pop(0)
            return value
        if len(first) == 2 and first[0] == "-" and self.left and first[1] in f"{_FILES}znt":
            return self._unary(first[1], self.left.pop(0))
        return bool(first)

    def _unary(self, operator: str, operand: str) -> bool:
        if operator in "zn":
            return bool(operand) == (operator == "n")
        if operator == "t":
            return self._shell.process.terminal
        files = self._shell.process.files
        try:
            path = posixpath.join(self._shell.state.directory, operand) if operand else ""
            if path == "/dev/null":
                return operator in "erwc"
            self._shell.limits.walk(path)
            inode = files.stat(path, follow=operator not in "Lh")
        except OSError:
            return False
        return _is(operator, inode, files.may)


def _is(operator: str, inode: Inode, may: Callable[[Inode, int], bool]) -> bool:
    match operator:
        case "e":
            return True
        case "d":
            return inode.is_directory
        case "f":
            return not inode.is_directory and not inode.is_link
        case "L" | "h":
            return inode.is_link
        case "s":
            return inode.size > 0
        case "x":
            return bool(inode.mode & 0o111) and may(inode, 1)
        case "r" | "w":
            return may(inode, 4 if operator == "r" else 2)
    return False


def _compare(left: str, operator: str, right: str) -> bool:
    match operator:
        case "=" | "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case ">":
            return left > right
    a, b = _integer(left), _integer(right)
    found = {"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b, "-ge": a >= b}
    return found[operator]


def _integer(text: str) -> int:
    stripped = text.strip()
    digits = stripped.lstrip("+-")
    if not digits.isdigit() or not digits.isascii() or len(digits) > 18 or len(stripped) - len(digits) > 1:
        raise ConditionProblem(f"Illegal number: {text}")
    return int(stripped)
