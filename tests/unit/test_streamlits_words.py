"""What our page translates of Streamlit's is what Streamlit says."""

from __future__ import annotations

import re
from pathlib import Path

import streamlit as st

from app.content import LANGUAGES, load
from app.locations import ASSETS

_SCRIPTS = Path(st.__file__).with_name("static") / "static" / "js"
_MODULES = ("index", "StreamlitMarkdown", "Selectbox", "FileUploader", "utils", "Toolbar")
_BY_CSS = {"line", "text", "upload"}
"""Parts that `frame.css` puts over Streamlit's own words."""


def _english() -> dict[str, str]:
    """By part, the longest piece of its words that holds no value."""
    table = (ASSETS / "scripts" / "page.js").read_text("utf-8").partition("const ENGLISH = {")[2].partition("\n}")[0]
    found = dict(re.findall(r"(\w+): /\^(.+?)/s?[,\s]", table + ","))
    pieces = {part: re.split(r"\(.+?\)| \.\+|\$", words) for part, words in found.items()}
    return {part: re.sub(r"\\(.)", r"\1", max(of, key=len)) for part, of in pieces.items()}


def test_streamlit_still_says_what_is_replaced():
    scripts = "".join(path.read_text("utf-8") for name in _MODULES for path in _SCRIPTS.glob(f"{name}.*.js"))
    english = _english()
    assert len(english) > 15
    assert {part: words for part, words in english.items() if words.strip(" :") not in scripts} == {}


def test_each_has_words_in_every_language_and_no_other_has():
    for language in LANGUAGES:
        assert set(load(language).messages.below("ui.says")) == set(_english()) | _BY_CSS, language
