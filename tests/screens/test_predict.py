"""Predict: asked first, answered by the walk, kept for this world, never in the way of a failure."""

import dataclasses
import re
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from app.content import LANGUAGES, load
from app.flow.lessons.predictions import QUESTIONS, outcome
from app.flow.model import Status, Step
from app.ui.state.walk_view import WalkView
from app.world.usage import was_acted_in
from tests.screens.conftest import Screen


def page():
    import streamlit as st

    from app.content import load
    from app.ui.step.predict import predict, was_answered_here

    st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
    st.session_state["answered_here"] = was_answered_here(st.session_state["step"])
    if predict(st.session_state["step"], st.session_state["given"], load(st.session_state["lang"])):
        st.markdown("evidence")


class Asked(Screen):
    """A page of one prediction and, below it, evidence."""

    def __init__(self, walk_view, step=Step.WEBHOOK, language="en"):
        self._test = AppTest.from_function(page, default_timeout=60)
        self._is_begun = False
        for key, value in (("given", walk_view), ("step", step), ("lang", language)):
            self._test.session_state[key] = value

    def turn(self, **changes):
        """The same session with another step, language or visit."""
        for key, value in changes.items():
            self.test.session_state[key] = value
        self.test.run()
        return self

    def press(self, key):
        label = load(self.test.session_state["lang"]).message(f"predict.{key}")
        next(button for button in self.test.button if button.label == label).click().run()
        assert not self.test.exception
        return self

    def choose(self, option):
        self.test.radio[0].set_value(option)
        return self.press("answer")

    @property
    def shows_evidence(self):
        return [element.value for element in self.test.markdown] == ["evidence"]

    @property
    def result(self):
        return unescape(self.html(f"prediction_{self.test.session_state['step']}"))

    @property
    def answers(self):
        """Whether the browser opens it."""
        return self.data(f"prediction_{self.test.session_state['step']}")["answers"]


@pytest.fixture(scope="module")
def walk_view(reader) -> WalkView:
    return reader("en").test.session_state["walk_view"]


@pytest.fixture(scope="module")
def reader(simulation):
    return lambda language: Screen(lang=language)


def broken(walk_view, step):
    reports = tuple(
        dataclasses.replace(
            report, checks=tuple(dataclasses.replace(check, status=Status.FAILED) for check in report.checks)
        )
        if report.step is step
        else report
        for report in walk_view.walk
    )
    return dataclasses.replace(walk_view, walk=dataclasses.replace(walk_view.walk, reports=reports))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", Step)
def test_each_step_asks_before_it_shows_and_the_walk_has_the_answer(walk_view, step, language):
    asked = Asked(walk_view, step, language)
    assert not asked.shows_evidence
    assert asked.test.radio[0].value is None
    right = outcome(step, walk_view.walk).answer
    assert asked.choose(right).shows_evidence
    assert asked.test.session_state["drawn"] == 2, "a page is not drawn twice for an answer"
    assert "✓" in asked.result
    assert load(language).message("predict.right") in asked.result
    assert load(language).message(f"predictions.{step}.why").replace("`", "") in asked.result.replace(
        "<code>", ""
    ).replace("</code>", "").replace("<wbr>", "")


@pytest.mark.parametrize(("section", "heading"), [("why", "Why it happens when the Pod is created"), ("zeppelin", "")])
def test_the_question_says_that_the_section_which_the_address_asks_for_comes_after_it(walk_view, section, heading):
    asked = Asked(walk_view)
    asked.test.query_params["section"] = section
    said = load("en").message("predict.sought", section=heading, show=load("en").message("predict.show"))
    asked.test.run()
    assert (said in "".join(element.proto.body for element in asked.test.get("html"))) is bool(heading)


@pytest.mark.parametrize("step", Step)
def test_the_question_is_an_accessible_name_and_has_no_marks(walk_view, step):
    asked = Asked(walk_view, step)
    assert not set(asked.test.radio[0].label) & set("*`　")
    assert load("en").message("predict.heading") in asked.html("predict_heading")


@pytest.mark.parametrize("step", Step)
def test_a_wrong_prediction_says_so_in_words_and_tells_the_answer(walk_view, step):
    found = outcome(step, walk_view.walk)
    wrong = next(option for option in QUESTIONS[step].options if option not in (found.answer, found.partly))
    result = Asked(walk_view, step).choose(wrong).result
    assert "✕" in result
    assert load("en").message("predict.wrong") in result
    assert load("en").message("predict.answered", option="").strip() in result


@pytest.mark.parametrize("language", LANGUAGES)
def test_half_of_the_truth_is_not_wrong_and_what_is_missing_is_said(walk_view, language):
    content, found = load(language), outcome(Step.WEBHOOK, walk_view.walk)
    result = Asked(walk_view, Step.WEBHOOK, language).choose(found.partly).result
    assert content.message("predict.partly") in result
    assert content.message("predict.missing") in result
    assert content.message("predict.wrong") not in result
    assert "✕" not in result
    assert found.values["file"] in re.sub(r"<wbr>", "", result)


def test_a_step_explains_the_new_words_of_its_question_before_it_asks(walk_view):
    def explained(step):
        return [element.proto.body for element in Asked(walk_view, step).test.get("html")]

    for step in (Step.OIDC_PROVIDER, Step.SERVICE_ACCOUNT, Step.WEBHOOK):
        words = load("en").message(f"predictions.{step}.before").replace("*", "")
        assert words in re.sub(r"<[^>]+>", "", "".join(explained(step)))
    assert explained(Step.TOKEN_MOUNT) == []


def test_without_a_choice_nothing_is_shown_but_a_hint(walk_view):
    asked = Asked(walk_view).press("answer")
    assert not asked.shows_evidence
    assert [warning.value for warning in asked.test.warning] == [load("en").message("predict.choose")]
    assert asked.choose("token").shows_evidence


@pytest.mark.parametrize("step", Step)
def test_another_language_keeps_what_is_chosen(walk_view, step):
    asked = Asked(walk_view, step)
    asked.test.radio[0].set_value(outcome(step, walk_view.walk).answer)
    asked.turn(lang="ja")
    assert asked.test.radio[0].value == outcome(step, walk_view.walk).answer
    assert load("ja").message("predict.right") in asked.press("answer").result


def test_one_may_look_without_guessing(walk_view):
    asked = Asked(walk_view).press("show")
    assert asked.shows_evidence
    assert "✓" not in asked.result
    assert "✕" not in asked.result


def test_a_prediction_outlives_other_pages_and_languages_and_then_takes_one_line(walk_view):
    asked = Asked(walk_view).choose("pointers")
    assert "<details" in asked.result
    assert asked.answers
    assert asked.turn().test.session_state["answered_here"], "on a phone it stays before the map (frame.css)"
    asked.turn(step=Step.ACCESS)
    assert not asked.shows_evidence
    asked.turn(step=Step.WEBHOOK, lang="ja")
    assert asked.shows_evidence
    assert not asked.answers
    assert not asked.test.session_state["answered_here"]
    assert load("ja").message("predict.right") in asked.result


def test_another_world_asks_again(walk_view):
    asked = Asked(walk_view).choose("pointers")
    assert not asked.turn(given=dataclasses.replace(walk_view, world="another")).shows_evidence


def test_the_verdict_follows_the_walk(walk_view):
    """The same prediction, and the walk says something else."""
    asked = Asked(walk_view).choose("pointers")
    report = walk_view.walk.report(Step.WEBHOOK)
    secret = [{"name": "AWS_SECRET_ACCESS_KEY", "value": "***"}]
    emptied = dataclasses.replace(report, evidence={**report.evidence, "environment": secret})
    reports = tuple(emptied if other is report else other for other in walk_view.walk)
    asked.turn(given=dataclasses.replace(walk_view, walk=dataclasses.replace(walk_view.walk, reports=reports)))
    assert load("en").message("predict.wrong") in asked.result


@pytest.mark.parametrize("step", Step)
def test_of_a_broken_step_nothing_is_asked(walk_view, step):
    asked = Asked(broken(walk_view, step), step)
    assert asked.shows_evidence
    assert not asked.test.radio


def test_a_page_that_is_opened_by_its_address_has_the_predictions_of_this_browser(screen):
    shown = screen(lang="en", asked=True).open("webhook")
    assert shown.stands_out == ["predict_answer"]
    assert shown.click("predict_show").stands_out == ["next"]
    assert "prediction_webhook" in shown.keys
    again = screen(lang="en", asked=True)
    again.test.session_state["browser"] = shown.test.session_state["browser"]
    assert "prediction_webhook" in again.open("webhook").keys
    assert "prediction_token_mount" not in again.open("token_mount").keys


def test_to_look_at_the_pages_is_not_to_act_in_the_world(screen):
    """Worlds in which nobody acted make room for others first."""
    shown = screen(lang="en", asked=True)
    for page in ("webhook", "self_check", "one_page", "one_minute"):
        shown.open(page)
    assert not was_acted_in(shown.world)
    shown.open("webhook").click("predict_show")
    assert was_acted_in(shown.world)
