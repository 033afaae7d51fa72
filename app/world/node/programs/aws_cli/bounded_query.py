"""JMESPath within limits. `[@,@]|[@,@]|...` doubles its input: thirty times would take all memory."""

from __future__ import annotations

from typing import Any

from jmespath.functions import Functions, signature
from jmespath.visitor import Options, TreeInterpreter

CHARACTERS = 4 * 1024 * 1024
"""Characters of any intermediate value, printed as indented JSON, in which a value that occurs twice counts twice."""
WORK = 100_000
"""Steps of a query; a step counts as one more for each thousand characters of its result, because the next step may
compare them."""
_INDENT = 4


class TooMuch(Exception):
    """A query exceeds these limits."""


class _Functions(Functions):  # type: ignore[misc]
    @signature({"types": ["string"]}, {"types": ["array-string"]})  # type: ignore[untyped-decorator]
    def _func_join(self, separator: str, array: list[str]) -> str:
        if len(separator) * len(array) > CHARACTERS:
            raise TooMuch
        return separator.join(array)


class BoundedQuery(TreeInterpreter):  # type: ignore[misc]
    """Evaluates one expression."""

    def __init__(self) -> None:
        super().__init__(Options(custom_functions=_Functions()))
        self._work = 0
        self._known: dict[int, tuple[object, int, int]] = {}
        """By a list's or an object's id: the value itself, so that no other one gets the id, its characters, and its
        lines."""

    def visit(self, node: Any, *args: Any, **more: Any) -> Any:
        """Evaluates one step. Raises `TooMuch`."""
        found = super().visit(node, *args, **more)
        size, _ = self._size(found)
        self._work += 1 + size // 1000
        if size > CHARACTERS or self._work > WORK:
            raise TooMuch
        return found

    def _size(self, value: object) -> tuple[int, int]:
        if not isinstance(value, (list, dict)):
            return len(value if isinstance(value, str) else str(value)), 1
        if id(value) not in self._known:
            names, inner = (value, list(value.values())) if isinstance(value, dict) else ((), value)
            sizes = [self._size(each) for each in inner]
            lines = sum(each for _, each in sizes)
            size = sum(map(len, names)) + sum(each for each, _ in sizes) + _INDENT * (lines + 1)
            self._known[id(value)] = value, size, lines + 2
        return self._known[id(value)][1:]
