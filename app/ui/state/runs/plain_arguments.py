"""Arguments of an element that can be compared with those of another run, so that equal ones draw the same."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from types import FunctionType


@dataclass(frozen=True)
class Labels:
    """What the options of a choice are called: a `format_func` that can be compared with that of another run."""

    pairs: tuple[tuple[str | int, str], ...]

    def __call__(self, option: object) -> str:
        """The name of an option."""
        return next(label for known, label in self.pairs if known == option)


class NotPlainError(Exception):
    """An argument that cannot be compared with those of another run."""


def plain(value: object) -> Hashable:
    """What an argument is compared by. Raises `NotPlainError` where two that are equal may not draw the same."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return type(value), value  # `True` is 1 for Python, and not on a page
    if isinstance(value, tuple | list):
        return tuple(map(plain, value))
    if isinstance(value, Labels):
        return value.pairs
    if isinstance(value, dict):
        return dict, tuple((name, plain(item)) for name, item in value.items())
    if isinstance(value, FunctionType) and value.__module__ != "__main__" and "<" not in value.__qualname__:
        return value
    raise NotPlainError
