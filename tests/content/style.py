"""By what the texts of a language are looked at: the table `[style]` of its `language.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Literal, TypedDict, cast

from app.content.languages import FILE, ROOT


class Style(TypedDict):
    """The table."""

    counted_in: Literal["words", "characters"]
    """What the lengths below are counted in."""
    sentence_ends: str
    """A regular expression for what lies between two sentences."""
    longest_sentence: int
    longest_note: int
    """What can be said at a piece: about half a minute."""
    spoken_in_a_minute: int
    colon: str
    avoided: str
    """A regular expression for what STYLE.md tells to avoid."""
    not_confirmed: str
    """A regular expression for the words in which a text says that nobody has confirmed it."""
    only_simulated: list[str]
    """What the speaker notes do not say, because it is not true of a real cluster."""


@cache
def style(language: str) -> Style:
    """The table of a language."""
    return cast("Style", tomllib.loads((ROOT / language / FILE).read_text(encoding="utf-8"))["style"])


def length(text: str, language: str) -> int:
    """How long a text is, as its language counts."""
    return len(text.split()) if style(language)["counted_in"] == "words" else len(text)
