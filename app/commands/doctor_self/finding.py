"""The result of examining one thing of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.content import Content
from app.flow.model import Status


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One result. Its texts are `doctor_self.ID` of the content: `title`, and where it is not on, `off` and `fix`."""

    id: str
    status: Status
    """PASSED: all of it is on. WARNING: part of the app will be off. FAILED: the app cannot start. UNKNOWN: this
    machine does not show it."""
    got: str
    """Names, numbers and messages of programs; no sentence of ours."""
    expected: str = ""
    case: str = ""
    """The key of the text on what is off, where there are several."""
    refused: str = ""
    """The code of the pages' error for it, whose texts then say what is off and what to do; else empty."""
    values: Mapping[str, object] = field(default_factory=dict)
    """The other values of those texts' placeholders."""

    def text(self, part: Literal["off", "fix"], words: Content) -> str:
        """The text for `off` or `fix`; empty where all is on."""
        if self.status is Status.PASSED:
            return ""
        if self.refused:
            error = words.error(self.refused, **self.values)
            return error.title if part == "off" else error.fix
        key = ".".join(filter(None, ("doctor_self", self.id, self.case, part)))
        return words.message(key, **{"got": self.got, "expected": self.expected, **self.values})


def found(identifier: str, holds: bool, got: str, expected: str) -> Finding:
    """A finding that passed or is a warning."""
    return Finding(id=identifier, status=Status.PASSED if holds else Status.WARNING, got=got, expected=expected)
