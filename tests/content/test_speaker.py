"""The speaker's notes: the minutes of the plans add up, and every page has what a talk needs."""

from __future__ import annotations

import pytest

from app.content import LANGUAGES, TALK, load
from app.flow.model import Step
from app.ui.presenting.speaker import LONG_ONLY
from tests.content.style import length, style

both = pytest.mark.parametrize("language", LANGUAGES)


@both
@pytest.mark.parametrize("talk", [10, 20])
def test_the_minutes_of_the_pages_add_up_to_the_talk(language: str, talk: int) -> None:
    content = load(language)
    minutes = [float(content.message(f"speaker.{page}.minutes_{talk}")) for page in TALK]
    assert sum(minutes) == talk
    assert min(minutes) >= 1


def test_the_plans_are_the_same_in_all_languages() -> None:
    first, *others = (
        {key: text for key, text in load(lang).messages.items() if ".minutes_" in key} for lang in LANGUAGES
    )
    assert all(plan == first for plan in others)


@both
@pytest.mark.parametrize("page", [*Step, "why"])
def test_every_lesson_has_a_question_to_the_room_and_a_trap(language: str, page: str) -> None:
    content = load(language)
    assert "。" in content.message(f"speaker.{page}.trap") or "." in content.message(f"speaker.{page}.trap")
    assert content.message(f"speaker.{page}.ask") != content.message(f"speaker.{page}.trap")


@both
def test_notes_are_short_enough_to_be_said_at_a_piece(language: str) -> None:
    notes = {key: text for key, text in load(language).messages.items() if key.startswith("speaker.")}
    sizes = {key: length(text, language) for key, text in notes.items()}
    assert {key: size for key, size in sizes.items() if size > style(language)["longest_note"]} == {}


@both
@pytest.mark.parametrize("minutes", [10, 20])
def test_all_notes_of_a_talk_can_be_said_in_its_minutes(language: str, minutes: int) -> None:
    """What only the longer talk has does not count for
    the shorter one, nor do the traps and what is asked beside a piece that it passes over.
    """
    notes = {key: text for key, text in load(language).messages.items() if key.startswith("speaker.")}
    passed_over = (*LONG_ONLY, "trap", "ask") if minutes == 10 else ()
    texts = [
        text
        for key, text in notes.items()
        if ".minutes_" not in key and (key == "speaker.why.ask" or key.rpartition(".")[2] not in passed_over)
    ]
    spoken = sum(length(text, language) for text in texts) / style(language)["spoken_in_a_minute"]
    assert 0.7 * minutes < spoken <= minutes
