"""The texts around every page: the names of the sidebar's parts, and those of Streamlit's own controls.

Streamlit has all of them in English alone. A browser of our own server fetches the texts of a language once.
"""

from __future__ import annotations

from functools import cache

from app.content import LANGUAGES, Content, load
from app.flow.model import JsonObject
from app.ui.draw import components
from app.ui.draw.browser_files import json_file


def given(content: Content) -> str:
    """For `components.page`: the address of the words, or under another server than ours the words themselves."""
    return components.given(_file(content.language))


def files() -> dict[str, str]:
    """The words of each language, by the address from which a browser of our own server fetches them once."""
    return dict(map(_file, LANGUAGES))


@cache
def _file(language: str) -> tuple[str, str]:
    return json_file(f"page.{language}", _words(load(language)))


def _words(content: Content) -> JsonObject:
    """`menu`: the names of the sidebar, its buttons, the link that skips it, its logo and its list of pages.
    `sections`: those of that list, by their ids. `says`: by part, what Streamlit's controls say (`ENGLISH` of
    `page.js`). `languages`: each by what it calls itself.
    """
    languages = {load(language).facts.name: language for language in LANGUAGES}
    said = {part: dict(content.messages.below(f"ui.{part}")) for part in ("menu", "sections", "says")}
    return {**said, "languages": languages}
