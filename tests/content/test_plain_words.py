"""Words for someone who is new to it: short sentences, plain words, and what is not known said."""

from __future__ import annotations

import re

import pytest

from app.content import load
from tests.content.style import length, style
from tests.content.test_texts import CONTENT, both, every_text


def prose(text: str) -> str:
    """`text` with each piece of code as one word, and each mark as what it shows."""
    return re.sub(r"\[\[(?:[^\]|]*\|)?([^\]]*)\]\]", r"\1", re.sub(r"`[^`]*`", "code", text))


@both
def test_no_sentence_is_too_long(language: str) -> None:
    texts = every_text(load(language))
    sentences = {key: re.split(style(language)["sentence_ends"], prose(text)) for key, text in texts.items()}
    longest = style(language)["longest_sentence"]
    assert {key: it for key, them in sentences.items() for it in them if length(it, language) > longest} == {}


@both
def test_a_name_and_its_number_stay_on_one_line(language: str) -> None:
    assert re.findall("Pod [12]", (CONTENT / language / "why.md").read_text(encoding="utf-8")) == []


@both
def test_words_that_the_style_avoids_are_avoided(language: str) -> None:
    avoided = re.compile(style(language)["avoided"], re.I)
    assert [(key, text) for key, text in every_text(load(language)).items() if avoided.search(prose(text))] == []


@both
@pytest.mark.parametrize(
    ("page", "anchor"), [("sts_assume", "why"), ("time_machine", "revoked"), ("thief", "does-not-limit")]
)
def test_a_lesson_on_a_deleted_pods_token_says_that_it_is_a_conclusion(language: str, page: str, anchor: str) -> None:
    """No document of AWS says that STS accepts such a token: it follows from what STS can read."""
    assert re.search(style(language)["not_confirmed"], load(language).lesson(page).section(anchor).body)


@both
def test_no_mark_stands_in_what_is_drawn_as_it_is(language: str) -> None:
    """Terms become links in the bodies of lessons alone, and not in what stands below a page's title."""
    content = load(language)
    below_titles = {page: lesson.sections["goal"].body for page, lesson in content.lessons.items() if page != "home"}
    below_titles["home"] = content.lesson("home").section("intro").body.partition("\n\n")[0]
    assert [page for page, text in below_titles.items() if "[[" in text] == []
    assert [key for key, text in content.messages.items() if "[[" in text] == []
