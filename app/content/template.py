"""Placeholders in texts: `{got}` and the like. Every other brace is an ordinary character."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.content.errors import ContentError

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def fill(text: str, values: Mapping[str, object]) -> str:
    """`text` with its placeholders replaced, in one pass: braces inside a value stay what they are.

    Raises `ContentError` where a placeholder has no value.
    """

    if "{" not in text:
        return text

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise ContentError("text", name, f"no value for this placeholder of {text!r}")
        return str(values[name])

    return _PLACEHOLDER.sub(value_of, text)


def in_capitals(text: str) -> str:
    """`text` with its placeholders as words in capitals, which a reader replaces: `NAMESPACE`."""
    return _PLACEHOLDER.sub(lambda match: match[1].upper(), text)
