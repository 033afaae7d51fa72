"""In a broken world neither a step's page nor a slide reports what did not happen: by keys, whatever the words say."""

import json
import re
from html import unescape

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor import diagnose
from app.flow.lessons.decks import SLIDES, Shows
from app.flow.lessons.predictions import QUESTIONS
from app.flow.model import Status, Step
from app.flow.verdict.link_states import State, chain_state
from app.ui.draw.prose import markdown
from app.ui.presenting.slides import _FORETOLD
from app.ui.state import session
from app.ui.text import prose
from app.wiring import simulated
from app.world.faults import names
from app.world.setup.scenario import ARTICLE
from tests.by_turns import by_turns
from tests.screens.conftest import Screen

FAULTS = ("F21", "F14", "F05b", "F32", "F46", "F10")
"""A trust policy, a provider, a webhook, a token, a permission; and a program that goes its own way."""
HOLDS = (Status.PASSED, Status.WARNING)


CASES = [pytest.param(case.values, id="-".join(case.values), marks=case.marks) for case in by_turns(FAULTS, LANGUAGES)]


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """A fault, and the language of the reader."""
    return request.param


@pytest.fixture
def fault(case):
    return case[0]


@pytest.fixture(scope="module")
def examined(simulation, case):
    """A reader's session in a world with that fault, what the doctor says of it, and the language's content."""
    fault, language = case
    shown = Screen(lang=language)
    simulation.inject(shown.world, fault)
    shown.click("run_again")
    walk = shown.test.session_state["walk_view"].walk
    return shown, diagnose(simulated(session.simulation(), shown.world), walk), load(language)


@pytest.fixture
def broken(examined):
    """The same, on no slide: the tests only look, and share the session."""
    examined[0].test.query_params.pop("present", None)
    return examined


def plain(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html))).strip()


def successes(step, content):
    """What only a walk that got through the step may say, as plain text by key."""
    own = [slide.id for slide in SLIDES if slide.page == step and slide.shows in (Shows.FILM, Shows.ANSWER)]
    last = [own[-2], own[-1]]  # of the film: the slides before may have been reached
    keys = [f"outcomes.{step}", *(f"speaker.{id_}.say" for id_ in last)]
    found = {key: plain(prose(content.message(key))) for key in keys}
    for happened in QUESTIONS[step].happened:  # up to the first value, which is the walk's
        key = f"predictions.{step}.happened.{happened}"
        found[key] = plain(prose(content.messages[key].partition("{")[0]))
    return {key: text for key, text in found.items() if len(text) > 8}


def test_no_page_of_a_step_reports_what_did_not_happen(broken):
    shown, found, content = broken
    chain = chain_state(found.walk, found.checks)
    for step in Step:
        if chain.step(step, found.walk) in HOLDS:
            continue
        text = plain(drawn(shown, step))
        assert [key for key, said in successes(step, content).items() if said in text] == []


def test_the_film_of_every_step_is_broken_where_the_verdict_says(broken):
    """Also where our own requests passed and only the Pod's program failed."""
    shown, found, _ = broken
    guilty = {part.id for part in chain_state(found.walk, found.checks).parts if part.state is State.FAILED}
    assert guilty
    for step in Step:
        assert set(json.loads(shown.open(step).data("film")["film"])["guilty"]) == guilty


def drawn(shown, step):
    """All HTML of the page of a step, and what its film says."""
    shown.open(step)
    parts = [shown.data(key) for key in sorted(shown.keys) if key != "styles"]
    return " ".join(str(part.get(name, "")) for part in parts for name in ("html", "film"))


def test_slides_and_notes_say_what_became_of_this_world(broken, fault):
    """Both windows say that the world is broken and how; no slide and no note reports what did not happen."""
    shown, found, content = broken
    chain = chain_state(found.walk, found.checks)
    change = plain(prose(content.message(f"faults.{fault}.change", **names(ARTICLE))))
    failed = [step for step in Step if chain.step(step, found.walk) not in HOLDS]
    shown.test.query_params["present"] = "1"
    talk = json.loads(shown.open(Step.ACCESS).data("projector")["talk"])
    given = talk[content.language]
    assert_the_world_is_broken(given["world"], change, content)
    assert given["film"]["guilty"] == [part.id for part in chain.guilty]
    slides = " ".join(slide["html"] for slide in given["slides"])
    shown.test.query_params["present"] = "notes"
    notes = shown.open(Step.ACCESS).notes[content.language]
    assert_the_world_is_broken(notes, change, content)
    for step in failed:
        for html in (slides, notes):
            assert [name for name, said in successes(step, content).items() if said in plain(html)] == []
        asked = [slide["id"] for slide in given["slides"] if slide["shows"] in ("question", "answer")]
        assert [id_ for id_ in asked if next(it for it in SLIDES if it.id == id_).page == step] == []


def assert_the_world_is_broken(html, change, content):
    (line,) = re.findall(r'<div class="world failed" role="status">(.*?)</div>', html)
    assert plain(content.message("present.broken")) in plain(line)
    assert change in plain(line)


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_the_answer_the_page_does_not_give_it_away(screen, language):
    asked = screen(lang=language, asked=True).open("sts_assume")
    assert asked.data("film")["answered"] == "no"
    assert "prediction_sts_assume" not in asked.keys
    shown = screen(lang=language).open("sts_assume")
    assert shown.data("film")["answered"] == "yes"
    words = load(language).message("predictions.sts_assume.happened.kept", kid="", url="").partition("`")[0]
    assert plain(markdown(words, load(language))) in plain(shown.html("prediction_sts_assume"))


def test_the_usual_notes_suppose_what_may_happen():
    assert {step: set(foretold) - set(QUESTIONS[step].happened) for step, foretold in _FORETOLD.items()} == {
        step: set() for step in Step
    }


def test_the_story_does_not_close_with_a_success_that_the_pod_did_not_have(broken):
    shown, found, content = broken
    shown.open(Step.ACCESS)
    step = content.message(f"steps.{found.verdict.step}.short")
    assert plain(prose(content.message("close.open", step=step))) in plain(shown.html("close"))
