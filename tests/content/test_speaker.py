"""The speaker's notes: the minutes of the plans add up, and every page has what a talk needs."""

from __future__ import annotations

import pytest

from app.content import LANGUAGES, STORY, load
from app.flow.model import Step
from app.ui.presenting.speaker import LONG_ONLY

both = pytest.mark.parametrize("language", LANGUAGES)


@both
@pytest.mark.parametrize("length", [10, 20])
def test_the_minutes_of_the_pages_add_up_to_the_talk(language: str, length: int) -> None:
    content = load(language)
    minutes = [float(content.message(f"speaker.{page}.minutes_{length}")) for page in STORY]
    assert sum(minutes) == length
    assert min(minutes) >= 1


def test_the_plans_are_the_same_in_both_languages() -> None:
    plans = [{key: text for key, text in load(lang).messages.items() if ".minutes_" in key} for lang in LANGUAGES]
    assert plans[0] == plans[1]


@both
@pytest.mark.parametrize("page", [*Step, "why"])
def test_every_lesson_has_a_question_to_the_room_and_a_trap(language: str, page: str) -> None:
    content = load(language)
    assert "。" in content.message(f"speaker.{page}.trap") or "." in content.message(f"speaker.{page}.trap")
    assert content.message(f"speaker.{page}.ask") != content.message(f"speaker.{page}.trap")


@both
def test_notes_are_short_enough_to_be_said_at_a_piece(language: str) -> None:
    """About half a minute: 200 characters of Japanese, 70 words of English."""
    notes = {key: text for key, text in load(language).messages.items() if key.startswith("speaker.")}
    size = len if language == "ja" else lambda text: len(text.split())
    assert {key: size(text) for key, text in notes.items() if size(text) > (200 if language == "ja" else 70)} == {}


@both
@pytest.mark.parametrize("length", [10, 20])
def test_all_notes_of_a_talk_can_be_said_in_its_minutes(language: str, length: int) -> None:
    """At 300 characters of Japanese or 130 words of English a minute. What only the longer talk has does not count for
    the shorter one, nor do the traps and what is asked beside a piece that it passes over.
    """
    notes = {key: text for key, text in load(language).messages.items() if key.startswith("speaker.")}
    passed_over = (*LONG_ONLY, "trap", "ask") if length == 10 else ()
    spoken = [
        text
        for key, text in notes.items()
        if ".minutes_" not in key and (key == "speaker.why.ask" or key.rpartition(".")[2] not in passed_over)
    ]
    minutes = sum(len(text) / 300 if language == "ja" else len(text.split()) / 130 for text in spoken)
    assert 0.7 * length < minutes <= length
