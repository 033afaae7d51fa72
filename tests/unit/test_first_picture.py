"""What the first picture says before Streamlit's page is there: the words of its pages, in the colours of the theme."""

import html
import json
import re
import tomllib

import pytest

from app.content import LANGUAGES, PAGES, load
from app.flow.model import Step
from app.locations import ASSETS
from app.ui.frame import first_picture

CONFIG = ASSETS.parent / "app" / ".streamlit" / "config.toml"
LOOK = ASSETS / "styles" / "first_picture.css"


@pytest.fixture(scope="module")
def words():
    [(_, text)] = first_picture.files().items()
    return json.loads(re.search(r"^const FIRST_WORDS = (.+)$", text, re.MULTILINE)[1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_those_of_the_pages(words, language):
    content, pages = load(language), words[language]["pages"]
    assert list(pages) == [PAGES[0], *Step]
    for page, shown in pages.items():
        assert content.lesson(page).title in html.unescape(shown["title"])
    begins = [content.message("home.begin"), content.message("build.begin_home")]
    assert [pages[PAGES[0]]["begins"], pages["webhook"]["begins"]] == [begins, []]


def test_the_title_is_ours_from_the_beginning():
    """A document's first title counts: Streamlit's comes after it."""
    assert first_picture.head().startswith("<title>IRSA Explorer</title>")


def test_a_browser_of_no_language_of_ours_gets_the_one_that_the_page_will_have():
    [text] = first_picture.files().values()
    assert 'const FIRST_FALLBACK = "en"\n' in text


def test_the_colours_are_those_of_the_theme():
    theme = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"]
    look = LOOK.read_text(encoding="utf-8")
    for name in ("primary", "background", "text", "border"):
        light, dark = (theme[scheme][f"{name}Color"] for scheme in ("light", "dark"))
        assert f"--st-{name}-color: light-dark({light}, {dark})" in look
    beside = theme["light"]["sidebar"]["backgroundColor"], theme["dark"]["secondaryBackgroundColor"]
    assert f"background: light-dark({beside[0]}, {beside[1]})" in look
    assert f"font-size: {theme['headingFontSizes'][0]}" in look
