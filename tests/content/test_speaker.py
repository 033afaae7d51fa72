"""The words of a talk: every slide has its own and its note, and the notes can be said in the slides' minutes."""

from __future__ import annotations

import pytest

from app.content import LANGUAGES, load
from app.flow.lessons.decks import DECKS, LENGTHS, SLIDES, Shows
from app.ui.presenting.overlays import KEYS
from app.ui.presenting.what_if import CHOICES
from tests.content.style import length, style

both = pytest.mark.parametrize("language", LANGUAGES)


@both
def test_every_slide_has_its_words_and_no_others_are_left(language: str) -> None:
    messages = load(language).messages
    assert {key.split(".")[1] for key in messages if key.startswith("talk.")} == {slide.id for slide in SLIDES}
    assert {key.split(".")[1] for key in messages if key.startswith("speaker.")} == {slide.id for slide in SLIDES}
    for slide in SLIDES:
        points = [key for key in messages if key.startswith(f"talk.{slide.id}.point_")]
        assert bool(points) is (slide.shows in (Shows.TITLE, Shows.POINTS, Shows.END))
        assert f"speaker.{slide.id}.say" in messages


@both
def test_every_key_and_every_choice_has_a_name(language: str) -> None:
    messages = load(language).messages
    assert {key.split(".")[2] for key in messages if key.startswith("present.key.")} == {*KEYS, "space"}
    assert {key.split(".")[2] for key in messages if key.startswith("what_if.choices.")} == set(CHOICES)


@both
def test_what_is_said_is_true_of_a_real_cluster_and_of_the_simulated_world(language: str) -> None:
    """In live mode the slides show the one; the what-ifs alone stay in the other."""
    said = {slide.id: load(language).message(f"speaker.{slide.id}.say") for slide in SLIDES}
    assert {
        id_ for id_, text in said.items() if any(word in text for word in style(language)["only_simulated"])
    } == set()
    assert "AWS" not in said["title"], "who returned the values is AWS in live mode alone"


@both
def test_notes_are_short_enough_to_be_said_at_a_slide(language: str) -> None:
    spoken = style(language)["spoken_in_a_minute"]
    notes = {slide: length(load(language).message(f"speaker.{slide.id}.say"), language) for slide in SLIDES}
    assert {slide.id: size for slide, size in notes.items() if size > style(language)["longest_note"]} == {}
    shortest = {slide: min(slide.minutes(it) or slide.long for it in LENGTHS) for slide in SLIDES}
    assert {slide.id: size for slide, size in notes.items() if size > shortest[slide] * spoken} == {}


@both
@pytest.mark.parametrize("minutes", LENGTHS)
def test_a_talk_is_about_as_long_as_its_minutes(language: str, minutes: int) -> None:
    """The notes take nearly half of it at least: the film plays, and a room needs time to answer."""
    messages = load(language).messages
    kept = {"say"} if minutes == min(LENGTHS) else {"say", "ask", "trap"}
    said = [messages.get(f"speaker.{slide.id}.{kind}", "") for slide in DECKS[minutes] for kind in kept]
    spoken = sum(length(text, language) for text in said) / style(language)["spoken_in_a_minute"]
    assert 0.45 * minutes < spoken <= minutes
