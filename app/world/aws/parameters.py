"""Parameters of the query protocol: lists, numbers, and the constraints that IAM and STS put on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.world.aws.errors import AwsError, validation_error

Parameters = Mapping[str, str]
"""The flat names of the query protocol: `RoleName`, `Tags.member.1.Key`."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, kw_only=True)
class Text:
    """A string's limits. `pattern` is Java's, as the service quotes it, and is matched as Python's `expression`."""

    minimum: int = 0
    maximum: int | None = None
    pattern: str = ""
    expression: re.Pattern[str] | None = None
    sensitive: bool = False
    """Whether an error leaves out the value."""

    def broken(self, value: str) -> list[str]:
        """What the value fails, in the service's words."""
        found = []
        if self.expression is not None and not self.expression.fullmatch(value):
            found.append(f"Member must satisfy regular expression pattern: {self.pattern}")
        if len(value) < self.minimum:
            found.append(f"Member must have length greater than or equal to {self.minimum}")
        if self.maximum is not None and len(value) > self.maximum:
            found.append(f"Member must have length less than or equal to {self.maximum}")
        return found


@dataclass(frozen=True, kw_only=True)
class Number:
    """An integer's limits."""

    minimum: int
    maximum: int
    sensitive: bool = False

    def broken(self, value: str) -> list[str]:
        """What the value fails, in the service's words. Raises `AwsError` for what is no integer."""
        number = to_number(value)
        if number < self.minimum:
            return [f"Member must have value greater than or equal to {self.minimum}"]
        if number > self.maximum:
            return [f"Member must have value less than or equal to {self.maximum}"]
        return []


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An enumeration."""

    values: tuple[str, ...]
    sensitive: bool = False

    def broken(self, value: str) -> list[str]:
        """What the value fails, in the service's words."""
        return [] if value in self.values else [f"Member must satisfy enum value set: [{', '.join(self.values)}]"]


Constraint = Text | Number | Choice


def text(minimum: int, maximum: int | None, pattern: str = "", *, sensitive: bool = False) -> Text:
    """A `Text` whose pattern reads the same in Java and in Python; `\\w` and `\\d` are ASCII, as in Java."""
    expression = re.compile(pattern, re.ASCII) if pattern else None
    return Text(minimum=minimum, maximum=maximum, pattern=pattern, expression=expression, sensitive=sensitive)


def check(
    parameters: Parameters, constraints: Mapping[str, Constraint], *, required: Iterable[str], optional: Iterable[str]
) -> None:
    """Raises `ValidationError` with every violation, in the form in which IAM and STS join them."""
    required = tuple(required)
    problems = []
    for name in (*required, *optional):
        value = parameters.get(name)
        if value is None:
            if name in required:
                problems.append(f"Value null at '{member(name)}' failed to satisfy constraint: Member must not be null")
            continue
        constraint = constraints.get(name)
        if constraint is not None:
            quoted = "Value" if constraint.sensitive else f"Value '{value}'"
            where = f"{quoted} at '{member(name)}' failed to satisfy constraint"
            problems += [f"{where}: {what}" for what in constraint.broken(value)]
    refuse(problems)


def refuse(problems: list[str]) -> None:
    """Raises `ValidationError` when there are problems."""
    if problems:
        counted = "1 validation error" if len(problems) == 1 else f"{len(problems)} validation errors"
        raise validation_error(f"{counted} detected: {'; '.join(problems)}")


def check_members(name: str, values: list[str], constraint: Text) -> None:
    """Raises `ValidationError` when a value of a list fails what is asked of its members."""
    if any(constraint.broken(value) for value in values):
        asked = []
        if constraint.maximum is not None:
            asked.append(f"Member must have length less than or equal to {constraint.maximum}")
        asked.append(f"Member must have length greater than or equal to {constraint.minimum}")
        refuse(
            [
                f"Value '[{', '.join(values)}]' at '{member(name)}' failed to satisfy constraint: "
                f"Member must satisfy constraint: [{', '.join(asked)}]"
            ]
        )


def member(name: str) -> str:
    """A parameter's name as errors write it: `RoleName` is `roleName`."""
    return name[:1].lower() + name[1:]


def members(parameters: Parameters, name: str) -> list[str]:
    """The values of `Name.member.1`, `Name.member.2`, ... in the order of their numbers."""
    return [value for _, value in _numbered(parameters, f"{name}.member.", "")]


def structures(parameters: Parameters, name: str, keys: tuple[str, ...]) -> list[dict[str, str]]:
    """The structures of `Name.member.1.Key`, ... in the order of their numbers; absent keys are left out."""
    found: dict[int, dict[str, str]] = {}
    for key in keys:
        for number, value in _numbered(parameters, f"{name}.member.", f".{key}"):
            found.setdefault(number, {})[key] = value
    return [found[number] for number in sorted(found)]


def _numbered(parameters: Parameters, prefix: str, suffix: str) -> list[tuple[int, str]]:
    pattern = re.compile(re.escape(prefix) + r"([0-9]{1,9})" + re.escape(suffix))
    matches = ((pattern.fullmatch(name), value) for name, value in parameters.items())
    return sorted((int(match[1]), value) for match, value in matches if match)


def to_number(value: str) -> int:
    """A signed 32-bit integer. Raises `MalformedInput`, which says nothing more, for anything else."""
    if not _NUMBER.fullmatch(value) or not -(2**31) <= int(value) < 2**31:
        raise AwsError(400, "MalformedInput", "" if value else "missing value for decimal type")
    return int(value)


def number(parameters: Parameters, name: str, default: int) -> int:
    """An integer parameter. Raises `MalformedInput` for what is none."""
    value = parameters.get(name)
    return default if value is None else to_number(value)


def boolean(parameters: Parameters, name: str) -> bool:
    """A boolean parameter, false when absent. Raises `MalformedInput` for anything but `true` and `false`."""
    value = parameters.get(name, "false").lower()
    if value not in {"true", "false"}:
        raise AwsError(400, "MalformedInput", "")
    return value == "true"
