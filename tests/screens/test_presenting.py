"""Presenting, as the server draws it: slides for the projector in every language, notes for the speaker's window."""

from __future__ import annotations

import json
import re
from functools import cache
from html import unescape

import pytest
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from app.content import LABS, LANGUAGES, TALK, load
from app.flow.errors import NotFound
from app.flow.lessons.decks import DECKS, SLIDES, Shows
from app.flow.lessons.predictions import QUESTIONS
from app.flow.model import Step
from app.ui.text import prose
from tests.screens.conftest import Screen, plain
from tests.screens.test_broken_worlds import no_permission, spoil

BOTH = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def speaker(simulation):
    """The session of a speaker of that language, for the tests that only look at what is drawn."""
    return cache(lambda language: Screen(lang=language))


def presenting(speaker, language, mode, page="home", **query):
    shown = speaker(language)
    shown.test.query_params.clear()
    shown.test.query_params.update({"lang": language, "present": mode})
    return shown.open(page, **query)


def talk_of(shown, key="projector"):
    return json.loads(shown.data(key)["talk"])


def slides_of(shown, language, key="projector"):
    return {slide["id"]: slide for slide in talk_of(shown, key)[language]["slides"]}


def test_the_browser_gets_all_slides_and_the_film_in_every_language_and_nothing_else_is_on_the_screen(
    speaker, monkeypatch
):
    stopped = []  # the run of what was pressed before this session drew anything comes after this one
    monkeypatch.setattr(ScriptRequests, "request_stop", lambda requests: stopped.append(requests))
    shown = presenting(speaker, "ja", "1", "webhook")
    assert stopped == []
    talk = talk_of(shown)
    assert talk["decks"] == {str(length): [slide.id for slide in deck] for length, deck in DECKS.items()}
    for language in LANGUAGES:
        given = talk[language]
        assert [slide["id"] for slide in given["slides"]] == [slide.id for slide in SLIDES]
        beats = {beat["id"] for beat in given["film"]["beats"]}
        assert {beat for slide in given["slides"] for beat in slide["beats"]} <= beats
        assert given["world"] == ""
    assert not shown.test.button
    assert not shown.test.sidebar.button
    assert not shown.test.title


@pytest.mark.parametrize(("mode", "page"), [("1", "home"), ("notes", "home"), ("1", "doctor")])
def test_a_message_of_a_server_that_stops_takes_the_place_of_nothing(speaker, mode, page):
    """It comes as the first of Streamlit's event container, where Streamlit puts a mere style sheet as well."""
    shown = presenting(speaker, "en", mode, page)
    assert any("stSidebar" in html.proto.body for html in shown.test.main.get("html"))


@BOTH
def test_no_note_reaches_the_projector(speaker, language):
    notes = [text for key, text in load(language).messages.items() if key.startswith("speaker.")]
    drawn = unescape(presenting(speaker, language, "1").everything)
    assert [note for note in notes if note in drawn] == []


@BOTH
def test_the_speakers_window_has_a_note_for_every_slide_and_a_row_in_the_plans(speaker, language):
    shown, content = presenting(speaker, language, "notes"), load(language)
    html = shown.notes[language]
    for slide in SLIDES:
        note = html.partition(f'<article data-slide="{slide.id}"')[2].partition("</article>")[0]
        for kind in ("say", "ask", "trap"):
            text = content.messages.get(f"speaker.{slide.id}.{kind}")
            assert text is None or prose(text) in note
    for length, deck in DECKS.items():
        plan = html.partition(f'data-deck="{length}"')[2].partition("</table>")[0]
        assert re.findall(r'<tr data-slide="(\w+)"', plan) == [slide.id for slide in deck]
        assert f"<td>{length}:00</td>" in plan
    assert not shown.test.button


@pytest.mark.parametrize(("asked", "deck"), [("10", "10"), ("20", "20"), ("", "")])
def test_the_deck_is_chosen_in_the_address(speaker, asked, deck):
    """Empty: the browser goes on with the last one, or takes the longer."""
    assert presenting(speaker, "en", "1", deck=asked).data("projector")["deck"] == deck


def test_the_room_gets_the_question_before_the_answer(speaker):
    slides = slides_of(presenting(speaker, "en", "1"), "en")
    for slide in SLIDES:
        if slide.shows in (Shows.QUESTION, Shows.ANSWER):
            html = slides[slide.id]["html"]
            assert html.count("<li") == len(QUESTIONS[Step(slide.page)].options)
            right = f'<span class="unseen">{load("en").message("predict.right")}</span>'
            assert html.count("✓") == html.count(right) == (slide.shows is Shows.ANSWER)


@pytest.mark.parametrize("mode", ["", "0", "yes", "NOTES", "1' OR"])
def test_junk_in_the_address_is_a_page_as_always(speaker, mode):
    shown = presenting(speaker, "en", mode, "webhook")
    assert shown.title
    assert not shown.test.exception


@pytest.mark.parametrize(
    ("name", "asked"), [("deck", "15"), ("deck", "10' OR"), ("present", "yes"), ("lang", "xx"), ("depth", "4")]
)
def test_an_address_that_asks_for_what_there_is_not_says_so_before_anything_is_shown_to_a_room(speaker, name, asked):
    shown = presenting(speaker, "en", "1", "webhook", **{name: asked})
    assert shown.title
    assert f"{name}={asked}" in plain(shown.html(f"unknown_{name}"))
    assert not {"present", "deck"} & set(shown.test.query_params)
    shown.click("start_presenting")
    assert shown.data("projector")["page"] == "webhook"


@pytest.mark.parametrize("page", ["glossary", "misconceptions"])
def test_a_page_to_look_something_up_is_shown_as_always(speaker, page):
    shown = presenting(speaker, "en", "1", page)
    assert shown.title == load("en").lesson(page).title
    assert "present" not in shown.test.query_params


@pytest.mark.parametrize("page", [*LABS, "doctor"])
def test_a_lab_and_the_doctor_are_shown_as_they_are_and_one_key_leads_out(speaker, page):
    shown = presenting(speaker, "en", "1", page)
    assert shown.title == load("en").lesson(page).title
    assert shown.data("projected_page")["shows"] == "page"
    assert "projector" not in shown.keys


@pytest.mark.parametrize("page", TALK)
def test_the_button_begins_and_keeps_the_page(speaker, page):
    shown = presenting(speaker, "en", "", page).click("start_presenting")
    assert shown.test.query_params["present"] in ("1", ["1"])
    assert shown.data("projector")["page"] == page


@BOTH
def test_a_broken_world_is_presented_as_it_is(screen, simulation, language):
    """Nobody is asked what did not happen, and no note says that it did."""
    shown, content = spoil(screen(lang=language), simulation, no_permission), load(language)
    shown.test.query_params["present"] = "1"
    shown.open("access")
    slides = slides_of(shown, language)
    assert {slide.id for slide in SLIDES} - set(slides) == {"access_question", "access_answer"}
    film = talk_of(shown)[language]["film"]
    (stop,) = (beat for beat in film["beats"] if beat["end"] == "stop")
    assert stop["id"] == "call"
    assert "s3:ListAllMyBuckets" in stop["words"]
    assert 'class="world failed"' in talk_of(shown)[language]["world"]
    shown.test.query_params["present"] = "notes"
    html = shown.open("access").notes[language]
    note = html.partition('<article data-slide="access"')[2].partition("</article>")[0]
    assert prose(content.message("notes.broken.stopped")) in note
    assert prose(content.message("speaker.access.say")) not in note
    assert prose(content.message("speaker.subject.say")) in html
    assert 'class="world failed"' in html
    plan = html.partition('data-deck="20"')[2].partition("</table>")[0]
    assert content.message("notes.plan", minutes=19) in plan, "without a question and its answer"
    assert "<td>19:00</td>" in plan


@BOTH
def test_a_world_that_is_not_built_yet_is_not_called_broken(screen, language):
    shown = screen(lang=language).open("home").click("begin_empty")
    said = talk_of(presenting(lambda _: shown, language, "1"))[language]["world"]
    assert prose(load(language).message("present.unbuilt")) in said
    assert prose(load(language).message("present.slides_missing")) in said.partition('class="caused"')[2]
    assert prose(load(language).message("present.broken")) not in said


def test_where_sts_had_the_keys_already_no_slide_says_that_the_chain_stops_before_them(screen, simulation):
    shown, content = screen(lang="en"), load("en")
    simulation.inject(shown.world, "F21")
    shown.test.query_params["present"] = "1"
    shown.open("sts_assume")
    assert "keys" not in {beat["id"] for beat in talk_of(shown)["en"]["film"]["beats"]}
    slides = slides_of(shown, "en")
    assert slides["keys"]["unplayed"] == prose(content.message("film.keys_kept"))
    assert slides["access"]["unplayed"] == prose(content.message("present.not_reached"))


def test_in_live_mode_a_what_if_is_said_to_be_of_the_simulated_world():
    from app.ui.presenting.overlays import frame

    for language in LANGUAGES:
        content = load(language)
        said = content.message("what_if.simulated")
        assert said in frame(content, simulated_only=True)
        assert said not in frame(content, simulated_only=False)


@BOTH
def test_the_slides_of_the_story_show_what_two_pods_get_and_no_other_slide_has_a_figure(speaker, language):
    slides = slides_of(presenting(speaker, language, "1"), language)
    figures = {name: slide["figure"] for name, slide in slides.items() if slide["figure"]}
    assert list(figures) == ["problem", "node_role", "limits"]
    content = load(language)
    leaks, safe = (content.message(f"why.verdict.{key}").replace("**", "") for key in ("leaks", "safe"))
    said = {name: unescape(re.search(r'aria-label="([^"]*)"', figure)[1]) for name, figure in figures.items()}
    assert said["node_role"].startswith(leaks)
    assert said["limits"].startswith(safe)
    assert leaks not in said["problem"]
    assert safe not in said["problem"]
    for pod in ("pod-1", "pod-2"):
        assert content.message(f"why.pods.{pod}") in said["problem"]
    assert re.search(r'id="story&#45;lr&#45;attacker" class="[^"]*gone"', figures["problem"])


def test_without_the_storys_roles_the_slides_show_the_map(screen, monkeypatch):
    def gone(_):
        raise NotFound(code="NoSuchEntity", server_message="The role with name frontend cannot be found.")

    monkeypatch.setattr("app.ui.story.schemes.current", gone)
    shown = presenting(lambda language: screen(lang=language), "en", "1")
    assert {slide["figure"] for slide in slides_of(shown, "en").values()} == {""}
