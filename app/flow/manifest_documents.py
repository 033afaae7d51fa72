"""The documents of a manifest file: YAML or JSON, several in one file, lists taken apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.flow.bounded_yaml import BrokenYaml, load
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import JsonValue
from app.flow.redaction import mask_text
from app.flow.strict_json import loads_or_none

VALUES_LIMIT = 200_000
"""Values of one document: a list of a few thousand objects, or a template at CloudFormation's own limit of 1 MB."""
_MARKER = re.compile(r"---(?=\s|$)")
"""Where a document of YAML begins (YAML 1.2 §9.1.2): at the beginning of a line, where no scalar can have it."""


class UnreadableDocument(ValueError):
    """A file, or a document in it, cannot be read as what it should be."""

    def __init__(self, path: str, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}" if line else f"{path}: {problem}")
        self.path = path
        self.line = line
        """From 1; 0 where it is the whole file."""
        self.problem = problem
        """In the words of the parser, or of the system."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document, and where it stands."""

    value: JsonValue
    path: str
    line: int
    """The file's line at which it begins, from 1."""

    @property
    def where(self) -> str:
        """As compilers write a place."""
        return f"{self.path}:{self.line}"


def documents(text: str, path: str, *, own_tags: bool = False) -> Iterator[Document]:
    """The documents in the text of a file that are not empty. Raises `UnreadableDocument`.

    `own_tags`: whether tags of an application are taken, as objects of one member: `!Ref a` as `{"!Ref": "a"}`.
    """
    if text.lstrip().startswith(("{", "[")):
        # JSON may have tabs where YAML allows none.
        if (value := loads_or_none(text)) is not None:
            yield Document(value=value, path=path, line=1)
            return
    for line, part in _parts(text):
        try:
            value = _with_text_keys(load(part, limit=VALUES_LIMIT, own_tags=own_tags))
        except BrokenYaml as error:
            raise UnreadableDocument(path, line + error.line - 1 if error.line else line, error.problem) from None
        if value is not None:
            yield Document(value=value, path=path, line=line + _blank_lines(part))


def objects(document: Document) -> Iterator[Document]:
    """The Kubernetes objects of a document: itself, or the items of a list. Raises `UnreadableDocument`."""
    found = document.value
    if not isinstance(found, dict):
        raise UnreadableDocument(document.path, document.line, f"expected an object, got {shape_of(found)}")
    items = found.get("items")
    if get_str(found, "kind").endswith("List") and isinstance(items, list):
        for item in get_list(found, "items"):
            yield from objects(Document(value=get_object(item), path=document.path, line=document.line))
    else:
        yield document


def shape_of(value: JsonValue) -> str:
    """What a document is, in few words: its kind, the names that it has, or the beginning of its text."""
    if kind := get_str(value, "kind"):
        return f"kind: {kind}"
    if isinstance(value, dict):
        return ", ".join(map(str, [*value][:5])) + (", …" if len(value) > 5 else "")
    text = mask_text(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 40 else f"{text[:40]}…"


def _with_text_keys(value: JsonValue) -> JsonValue:
    """The value with every key as the text that JSON has for it, as Kubernetes reads YAML (sigs.k8s.io/yaml)."""
    if isinstance(value, list):
        return [_with_text_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key if isinstance(key, str) else json.dumps(key): _with_text_keys(item) for key, item in value.items()}


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The text of each document, with the number of its first line. What follows a marker in its line belongs to it."""
    first, lines = 1, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if _MARKER.match(line) and not all(it.startswith(("%", "#")) or not it.strip() for it in lines):
            yield first, "\n".join((*lines, ""))  # a block at the end has its line break
            first, lines = number, []
        lines.append(line)
    yield first, "\n".join(lines)


def _blank_lines(part: str) -> int:
    """The lines before the first that says something."""
    lines = part.split("\n")
    says = (number for number, line in enumerate(lines) if line.strip() and not line.startswith(("---", "#", "%")))
    return next(says, 0)
