"""JSON and YAML documents line by line: the lines that matter are lit and explained, the others folded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.content import Content
from app.flow.model import JsonValue
from app.ui.marks import claim
from app.ui.text import breakable, escape, marked, prose, shorten

Path = tuple[str, ...]
Notes = Mapping[Path, str]
"""What to light: the path of a member (`*` stands for any name or index), and the words beside its first line.

With `ITSELF` at its end it lights the line that opens a member, and leaves what is in it folded.
"""
ITSELF = ""

_PLAIN_YAML = re.compile(r"[A-Za-z/.][\w./@+-]*(?::+[\w./@+-]+)*")
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Beside what JSON escapes: what YAML does not allow, or takes for a line break or a byte order mark (YAML 1.2.2,
sections 5.1 to 5.4)."""
_YAML_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "."}
_FOLD_FROM = 3
"""Fewer unlit lines than this are not folded."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a document: its path, and its key, value and punctuation."""

    path: Path
    depth: int
    head: str = ""
    scalar: str = ""
    tail: str = ""

    @property
    def text(self) -> str:
        """The line as it would stand in a file, without its indentation."""
        return f"{self.head}{self.scalar}{self.tail}"

    @property
    def closes(self) -> bool:
        """Whether the line ends what an earlier line opened."""
        return self.text[:1] in ("}", "]")


def json_lines(document: JsonValue) -> list[Line]:
    """The document as `json.dumps(indent=2)` breaks it."""
    return list(_json(document, (), 0, "", ""))


def _json(document: JsonValue, path: Path, depth: int, head: str, tail: str) -> Iterator[Line]:
    if not isinstance(document, dict | list) or not document:
        yield Line(path=path, depth=depth, head=head, scalar=json.dumps(document, ensure_ascii=False), tail=tail)
        return
    opening, closing = "{}" if isinstance(document, dict) else "[]"
    yield Line(path=path, depth=depth, head=head, tail=opening)
    members = list(document.items()) if isinstance(document, dict) else list(enumerate(document))
    for position, (name, member) in enumerate(members):
        comma = "," if position < len(members) - 1 else ""
        key = f"{json.dumps(name, ensure_ascii=False)}: " if isinstance(document, dict) else ""
        yield from _json(member, (*path, str(name)), depth + 1, key, comma)
    yield Line(path=path, depth=depth, tail=closing + tail)


def yaml_lines(document: JsonValue) -> list[Line]:
    """The document as kubectl prints YAML: keys in order of the alphabet, lists not indented below their key."""
    return list(_yaml(document, (), 0))


def _yaml(document: JsonValue, path: Path, depth: int) -> Iterator[Line]:
    if isinstance(document, dict) and document:
        for name, member in sorted(document.items()):
            key, below = f"{_yaml_scalar(str(name))}:", (*path, str(name))
            if isinstance(member, dict | list) and member:
                yield Line(path=below, depth=depth, head=key)
                yield from _yaml(member, below, depth if isinstance(member, list) else depth + 1)
            else:
                yield Line(path=below, depth=depth, head=f"{key} ", scalar=_yaml_scalar(member))
    elif isinstance(document, list) and document:
        for index, member in enumerate(document):
            first, *rest = _yaml(member, (*path, str(index)), depth + 1)
            yield replace(first, depth=depth, head=f"- {first.head}")
            yield from rest
    else:
        yield Line(path=path, depth=depth, scalar=_yaml_scalar(document))


def _yaml_scalar(scalar: JsonValue) -> str:
    if isinstance(scalar, str) and _PLAIN_YAML.fullmatch(scalar) and scalar.lower() not in _YAML_WORDS:
        return scalar
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(scalar, ensure_ascii=False))


def matches(path: Path, pattern: Path) -> bool:
    """Whether `path` is the one that `pattern` describes, or lies below it; not below it where the pattern ends in
    `ITSELF`."""
    if pattern[-1:] == (ITSELF,):
        return len(path) == len(pattern) - 1 and matches(path, pattern[:-1])
    return len(path) >= len(pattern) and all(want in ("*", name) for want, name in zip(pattern, path, strict=False))


def document(content: Content, lines: Sequence[Line], notes: Notes) -> str:
    """The lines as HTML. Without notes nothing is lit and nothing folded."""
    lit = [any(_lights(pattern, line) for pattern in notes) for line in lines]
    if not any(lit):
        return _block(render_line(line) for line in lines)
    parts: list[str] = []
    noted: set[Path] = set()
    start = 0
    while start < len(lines):
        stop = start
        while stop < len(lines) and lit[stop] == lit[start]:
            stop += 1
        if lit[start]:
            for line in lines[start:stop]:
                note = next((n for pattern, n in notes.items() if _is_first(line.path, pattern, noted)), "")
                parts.append(render_line(line, kind="lit", note=note))
        else:
            parts.append(fold(content, [render_line(line) for line in lines[start:stop]]))
        start = stop
    return _block(parts)


def _lights(pattern: Path, line: Line) -> bool:
    return matches(line.path, pattern) and not (line.closes and pattern[-1:] == (ITSELF,))


def _is_first(path: Path, pattern: Path, noted: set[Path]) -> bool:
    depth = len(pattern) - (pattern[-1:] == (ITSELF,))
    if len(path) != depth or not matches(path, pattern) or pattern in noted:
        return False
    noted.add(pattern)
    return True


def fold(content: Content, rendered: Sequence[str]) -> str:
    """Lines behind a summary that says how many lines there are."""
    if len(rendered) < _FOLD_FROM:
        return "".join(rendered)
    summary = escape(content.message("screens.folded", count=len(rendered)))
    return f'<details class="fold"><summary>{summary}</summary>{"".join(rendered)}</details>'


def render_line(line: Line, *, kind: str = "", note: str = "", sign: str = "") -> str:
    """One line as HTML, with its note beside it."""
    mark = f'<span class="sign">{sign}</span>' if sign else ""
    shown = marked(line.scalar)
    beside = f'<span class="note">{prose(note)}</span>' if note else ""
    name = next((step for step in reversed(line.path) if not step.isdecimal()), "")
    kinds = " ".join(filter(None, ("line", kind, claim(name))))
    return (
        f'<div class="{kinds}" style="--depth:{line.depth}">{mark}<span class="text">'
        f"{marked(line.head)}{shown}{escape(line.tail)}</span>{beside}</div>"
    )


def explained_line(line: Line, explanation: str, *, kind: str, sign: str, word: str, note: str) -> str:
    """A line that opens its own explanation, which is HTML. `word` says what `sign` means to those who do not see it.

    A long id is shortened in the line; the whole of it stands in the explanation.
    """
    whole = f"<p><code>{breakable(line.scalar)}</code></p>" if shorten(line.scalar) != line.scalar else ""
    beside = f'<span class="note">{prose(note)}</span>' if note else ""
    return (
        f'<details class="line {kind} explained" style="--depth:{line.depth}"><summary>'
        f'<span class="sign"><span aria-hidden="true">{sign}</span><span class="unseen">{escape(word)}</span></span>'
        f'<span class="text">{breakable(shorten(line.text))}</span>{beside}</summary>'
        f'<div class="explanation">{explanation}{whole}</div></details>'
    )


def _block(rendered: Iterator[str] | Sequence[str]) -> str:
    return f'<div class="document">{"".join(rendered)}</div>'


def statement_name(statement: JsonValue, content: Content) -> str:
    """What to call a statement of a policy: its `Sid`, or its place in the list, which readers count from 1."""
    if isinstance(statement, int):
        return content.message("access.statement", number=statement + 1)
    return str(statement)
