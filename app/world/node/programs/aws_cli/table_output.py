"""`--output table`. Source: the AWS CLI's user guide, "Table output format"; its observed output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unicodedata import east_asian_width

from app.world.node.programs.aws_cli.usage_errors import UsageError

TERMINAL_WIDTH = 80
"""How many columns a table has where no terminal says its width."""
CHARACTERS = 4 * 1024 * 1024
"""Characters of a table at most; each row is as wide as the widest one."""
_PADDING = 4


@dataclass(kw_only=True)
class _Section:
    """A title with rows below it. Sections are inside each other by their level."""

    title: str = ""
    level: int = 0
    headers: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def widths(self) -> list[int]:
        """The width of each column, which is that of its widest value."""
        rows = [self.headers, *self.rows] if self.headers else self.rows
        return [max(_width(row[column]) for row in rows) + _PADDING for column in range(len(rows[0]))] if rows else []

    def scaled(self, total: int) -> list[int]:
        """The width of each column, so that they fill a table of that width."""
        widths = self.widths()
        if not widths:
            return []
        factor = total / sum(widths)
        found = [round(factor * width) for width in widths]
        excess = sum(found) - total
        while excess:
            order = range(len(found)) if excess > 0 else range(len(found) - 1, -1, -1)
            for column in order:
                if not excess:
                    break
                found[column] -= 1 if excess > 0 else -1
                excess -= 1 if excess > 0 else -1
        return found

    @property
    def width(self) -> int:
        """The width that the section needs, with its frame."""
        frame = 2 + 2 * self.level
        return max(_width(self.title) + frame, sum(self.widths()) + frame)

    def upright(self) -> _Section:
        """The section of one row as a column of values, beside their headers."""
        if len(self.rows) != 1 or not self.headers:
            return self
        rows = [list(pair) for pair in zip(self.headers, self.rows[0], strict=True)]
        return _Section(title=self.title, level=self.level, rows=rows)


def table_text(title: str, answer: Any) -> str:
    """An answer as a table; empty for an empty answer."""
    sections: list[_Section] = []
    if not _build(sections, title, answer, 0):
        return ""
    width = max(section.width for section in sections)
    if width > TERMINAL_WIDTH:
        sections = [section.upright() for section in sections]
        width = max(section.width for section in sections)
    if width * sum(len(section.rows) + 1 for section in sections) > CHARACTERS:
        raise UsageError("the answer is too wide and too long to be printed as a table")
    return "-" * width + "\n" + "".join(_rendered(section, width) for section in sections)


def _build(sections: list[_Section], title: str | None, value: Any, level: int) -> bool:
    if not value:
        return False
    if title is not None:
        sections.append(_Section(title=title, level=level))
    if not isinstance(value, (dict, list)):
        return True
    if isinstance(value, dict):
        _object(sections, value, level)
    elif isinstance(value[0], dict):
        _objects(sections, title or "", value, level)
    else:
        for item in value:
            if not isinstance(item, (dict, list)):
                sections[-1].rows.append([str(item)])
            elif all(not isinstance(inner, (dict, list)) for inner in item):
                sections[-1].rows.append([str(inner) for inner in item])
            else:
                _build(sections, None, item, level)
    return True


def _parts(value: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The names of the scalars, and those of the lists and objects."""
    inner = sorted(name for name, each in value.items() if isinstance(each, (dict, list)))
    return sorted(value.keys() - set(inner)), inner


def _object(sections: list[_Section], value: dict[str, Any], level: int) -> None:
    headers, inner = _parts(value)
    if len(headers) == 1:
        sections[-1].rows.append([headers[0], str(value[headers[0]])])
    elif headers:
        sections[-1].headers = headers
        sections[-1].rows.append([str(value[name]) for name in headers])
    for name in inner:
        _build(sections, name, value[name], level + 1)


def _objects(sections: list[_Section], title: str, values: list[dict[str, Any]], level: int) -> None:
    parts = [_parts(value) for value in values]
    headers = sorted({name for scalars, _ in parts for name in scalars})
    inner = sorted({name for _, names in parts for name in names})
    sections[-1].headers = headers
    for number, value in enumerate(values):
        if number and inner:
            sections.append(_Section(title=title, level=level, headers=headers))
        sections[-1].rows.append([str(value.get(name, "")) for name in headers])
        for name in inner:
            if name in value:
                _build(sections, name, value[name], level + 1)


def _rendered(section: _Section, total: int) -> str:
    width = total - 2 * section.level
    lines: list[str] = []
    if section.title:
        lines.append(_centered(section.title, width, "|"))
        if not section.headers and not section.rows:
            lines.append(f"+{'-' * (width - 2)}+")
    widths = section.scaled(width)
    if widths:
        border = "+" + "".join("-" * (each - (1 if number else 2)) + "+" for number, each in enumerate(widths))
        lines.append(border)
        if section.headers:
            lines += [_row(section.headers, widths, _centered), border]
        lines += [_row(row, widths, _left) for row in section.rows]
        lines.append(border)
    frame = "|" * section.level
    return "".join(f"{frame}{line}{frame}\n" for line in lines)


def _row(cells: list[str], widths: list[int], place: Callable[[str, int, str], str]) -> str:
    pairs = enumerate(zip(cells, widths, strict=False))
    return "".join(place(text, width, "" if number else "|") for number, (text, width) in pairs)


def _centered(text: str, width: int, left: str) -> str:
    before = left + " " * (width // 2 - _width(text) // 2 - 1) + text
    return before + " " * (width - _width(before) - 1) + "|"


def _left(text: str, width: int, left: str) -> str:
    before = f"{left}  {text}" if _width(text) + len(left) + 3 <= width else left + text
    return before + " " * (width - _width(before) - 1) + "|"


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
