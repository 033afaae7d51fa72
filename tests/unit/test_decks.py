"""The two decks of a talk: every slide shows what there is, and the minutes add up."""

import itertools

import pytest

from app.content import TALK
from app.flow.film.script import SCRIPT
from app.flow.lessons.decks import DECKS, LENGTHS, SLIDES, WHOLE, Shows
from app.flow.model import Step
from app.ui.presenting.speaker import schedule


@pytest.mark.parametrize("length", LENGTHS)
def test_the_minutes_of_the_slides_add_up_to_the_talk(length):
    planned = list(schedule(DECKS[length], length))
    assert planned[0][1] == 0
    assert planned[-1][2] == 60 * length
    assert all(before[2] == after[1] for before, after in itertools.pairwise(planned))


def test_the_short_talk_is_a_part_of_the_long_one():
    assert set(DECKS[10]) < set(DECKS[20])


def test_every_beat_is_one_of_the_film_and_every_page_one_to_present_from():
    known = {WHOLE, *(cue.id for cue in SCRIPT)}
    assert {beat for slide in SLIDES for beat in slide.beats} - known == set()
    assert {slide.page for slide in SLIDES} <= set(TALK)
    assert len({slide.id for slide in SLIDES}) == len(SLIDES)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_talk_plays_the_whole_film_in_its_order_but_the_node_s_credentials(length):
    played = [beat for slide in DECKS[length] if slide.shows is Shows.FILM for beat in slide.beats]
    assert played == [cue.id for cue in SCRIPT if cue.id not in ("fallback", "node_credentials")]


def test_the_room_is_asked_before_the_step_and_gets_the_answer_after_it():
    for step in Step:
        own = [slide.shows for slide in DECKS[20] if slide.page == step]
        shown = [shows for shows in own if shows not in (Shows.POINTS, Shows.WHAT_IF)]
        assert (shown[0], shown[-1]) == (Shows.QUESTION, Shows.ANSWER)
        assert set(shown[1:-1]) == {Shows.FILM}
        assert all(not slide.beats for slide in SLIDES if slide.shows is Shows.QUESTION), "it would give it away"
