"""Presenting, as the server draws it: pieces of a page for the projector, notes for the speaker's window only."""

from __future__ import annotations

import re
from html import unescape

import pytest

from app.content import LANGUAGES, TALK, load
from app.flow.doctor import diagnose
from app.flow.lessons.predictions import QUESTIONS
from app.flow.model import Status, Step
from app.ui.presenting.slides import PROOFS, numbered, pieces
from app.ui.presenting.speaker import until
from app.ui.state import session
from app.ui.story import schemes
from app.wiring import simulated
from tests.screens.test_broken_worlds import no_permission, spoil

BOTH = pytest.mark.parametrize("language", LANGUAGES)
STEPS = [step.value for step in Step]


def presenting(screen, language, mode, page="home"):
    shown = screen(lang=language)
    shown.test.query_params["present"] = mode
    return shown.open(page)


def walked(shown):
    return shown.test.session_state["walk_view"].walk


def named(shown, page, language):
    """The names of a page's pieces in that session's world."""
    scenes = schemes.read(simulated(session.simulation(), shown.world), shown.world)
    found = diagnose(simulated(session.simulation(), shown.world), walked(shown))
    return [piece.name for piece in pieces(page, found, scenes, load(language))]


@BOTH
def test_a_page_is_drawn_in_pieces_and_nothing_else_is_on_the_screen(screen, language):
    shown = presenting(screen, language, "1")
    for page in TALK:
        html = shown.open(page).html("projector")
        names = re.findall(r'<section class="piece" data-name="([^"]+)"', html)
        assert names == named(shown, page, language)
        assert len(names) == len(set(names)) >= 6
        assert (
            html.count('<section class="piece"') == html.count(" hidden>") - 1
        )  # all wait for the browser, and the black
        assert not shown.test.button
        assert not shown.test.sidebar.button
        assert not shown.test.title


@BOTH
def test_no_note_reaches_the_projector(screen, language):
    notes = [text for key, text in load(language).messages.items() if re.match(r"speaker\..*\.[^m]", key)]
    shown = presenting(screen, language, "1")
    for page in TALK:
        drawn = unescape(shown.open(page).everything)
        assert [note for note in notes if note in drawn] == []


@BOTH
def test_the_speakers_window_has_a_note_for_every_piece_of_every_page(screen, language):
    shown, content = presenting(screen, language, "notes"), load(language)
    html = unescape(shown.html("notes"))
    for page in TALK:
        for name in named(shown, page, language):
            assert f'data-page="{page}" data-name="{name}"' in html
    for step in Step:
        for aside in ("ask", "trap"):
            assert content.message(f"speaker.{step}.{aside}").replace("*", "") in html.replace("*", "")
    assert not shown.test.button


@BOTH
def test_no_note_is_left_over(screen, language):
    shown = presenting(screen, language, "notes")
    used = {f"speaker.{page}.{name}" for page in TALK for name in named(shown, page, language)}
    used |= {f"speaker.{page}.{key}" for page in TALK for key in ("minutes_10", "minutes_20", "ask", "trap")}
    assert {key for key in load(language).messages if key.startswith("speaker.")} - used == set()


@pytest.mark.parametrize("step", STEPS)
def test_the_room_gets_the_question_before_the_answer(screen, step):
    shown, content = presenting(screen, "en", "1", step), load("en")
    drawn = re.split(r'<section class="piece" data-name="', shown.html("projector"))[1:]
    names = [piece.partition('"')[0] for piece in drawn]
    assert names[:2] == ["goal", "predict"]
    assert names[-4:] == ["answer", "outcome", "evidence", "recap"]
    asked = drawn[1]
    assert asked.count("<li>") == len(QUESTIONS[Step(step)].options)
    assert "✓" not in asked
    assert drawn[names.index("answer")].count("✓") == 1
    assert content.message(f"outcomes.{step}") in unescape(drawn[-3])


@pytest.mark.parametrize("step", STEPS)
def test_the_evidence_is_what_the_walk_found(screen, step):
    shown = presenting(screen, "en", "1", step)
    report = walked(shown).report(Step(step))
    html = shown.html("projector").partition('data-name="evidence"')[2].partition("</section>")[0]
    text = unescape(re.sub(r"<[^>]+>", "", html))
    for check_id in PROOFS[Step(step)]:
        check = report.check(check_id)
        assert check.status is Status.PASSED
        assert check.got in text
    assert html.count("✓") == len(PROOFS[Step(step)])


def test_each_item_keeps_the_first_sentence_of_those_before_it(screen):
    html = presenting(screen, "en", "1", "sts_assume").html("projector")
    third = html.partition('data-name="happens_3"')[2].partition("</section>")[0]
    assert third.count('<li class="before">') == 2
    assert "The request is not signed" not in third
    assert "AWS does not publish the order" in third


def test_numbered_takes_the_first_list_with_what_is_in_it():
    body = "Words.\n\n1. **One.** More.\n2. **Two.**\n   - in it\n\n   and on\n\nBetween.\n\n1. another list"
    assert numbered(body) == ["**One.** More.", "**Two.**\n- in it\n\nand on"]
    assert numbered("No list.") == []


def test_why_is_explained_with_what_was_computed(screen):
    html = presenting(screen, "en", "1", "why").html("projector")
    content = load("en")
    ends = {
        anchor: html.partition(f'data-name="{anchor}"')[2].partition("</section>")[0]
        for anchor in ("node-role", "per-service-account", "without-sub", "limits")
    }
    for anchor, leaks in zip(ends, (True, False, True, True), strict=True):
        assert content.message(f"why.verdict.{'leaks' if leaks else 'safe'}") in unescape(ends[anchor])
        assert f'<figure data-figure="{anchor}"' in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("mode", ["", "0", "yes", "NOTES", "1' OR"])
def test_junk_in_the_address_is_a_page_as_always(screen, mode):
    shown = presenting(screen, "en", mode, "webhook")
    assert shown.title
    assert not shown.test.exception


@pytest.mark.parametrize("page", ["glossary", "misconceptions"])
def test_a_page_to_look_something_up_is_shown_as_always(screen, page):
    shown = presenting(screen, "en", "1", page)
    assert shown.title == load("en").lesson(page).title
    assert not [button for button in shown.test.button if button.key == "start_presenting"]
    assert "present" not in shown.test.query_params


def test_the_button_begins_and_keeps_the_page(screen):
    shown = screen(lang="en").open("webhook").click("start_presenting")
    assert shown.test.query_params["present"] in ("1", ["1"])
    assert 'data-page="webhook"' in shown.html("projector")


def test_the_plan_is_cumulative():
    assert [until(page, 20, load("ja")) for page in (TALK[0], TALK[-1])] == [120, 1200]
    assert until(TALK[-1], 10, load("ja")) == 600


def test_a_broken_world_is_presented_as_it_is(screen, simulation):
    """The evidence says which check failed, in the product's own words; nobody is asked what did not happen."""
    shown = spoil(screen(lang="en"), simulation, no_permission)
    shown.test.query_params["present"] = "1"
    html = shown.open("access").html("projector")
    assert 'data-name="predict"' not in html
    evidence = html.partition('data-name="evidence"')[2].partition("</section>")[0]
    assert 'class="failed"' in evidence
    assert "AccessDenied" in evidence
