"""The languages, and what the code asks of each beside its words: `assets/content/<language>/language.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from app.content.errors import ContentError
from app.locations import ASSETS

ROOT = ASSETS / "content"
"""A folder a language."""
LANGUAGES = ("ja", "en")
"""The folders, in the order of the switch. The first is for a browser that names no language."""
_FALLBACK = "en"
"""For a reader who has none of them."""
FILE = "language.toml"
_COLONS = (":", "：")


@dataclass(frozen=True, kw_only=True)
class LanguageFacts:
    """What a language does with texts, whatever they say."""

    name: str
    """What it calls itself."""
    full_stop: str
    between_sentences: str
    diagram_font: str
    """The font by which Graphviz measures the words of the diagrams."""

    def sentences(self, *texts: str) -> str:
        """The texts one after the other; one without a full stop, such as a title, gets it, unless it leads to more."""
        ended = (text if text.endswith((self.full_stop, *_COLONS)) else text + self.full_stop for text in texts)
        return self.between_sentences.join(ended)


def read_facts(directory: Path) -> LanguageFacts:
    """The facts of the language whose folder that is. The table `[style]` is for the tests of its texts.

    Raises `ContentError` for a file that cannot be read, and for a fact that is missing, unknown or no text.
    """
    path = directory / FILE
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContentError(str(path), "TOML", str(error)) from error
    found.pop("style", None)
    names = {field.name for field in fields(LanguageFacts)}
    if odd := sorted(names ^ found.keys()):
        raise ContentError(str(path), ", ".join(odd), "missing or unknown")
    if wrong := sorted(key for key, value in found.items() if not isinstance(value, str)):
        raise ContentError(str(path), ", ".join(wrong), "expected a text")
    return LanguageFacts(**found)


def for_locale(locale: str) -> str:
    """The language of a locale such as `ja_JP.UTF-8` or `ja-JP`; English where we have none for it."""
    return next((language for language in LANGUAGES if locale.lower().startswith(language)), _FALLBACK)
