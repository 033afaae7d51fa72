"""The self-check: each question is answered by a trial in a world of its own, and marked by what came of it."""

import dataclasses
from html import unescape

import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

from app.content import LANGUAGES, PAGES, load
from app.ui.review import trials
from app.ui.review.questions import QUESTIONS
from app.ui.review.self_check import Attempt, Result
from app.ui.review.trials import OUTCOMES, NoOutcome, conduct, outcome
from app.ui.state import session

_NOTHING = QUESTIONS["other_token"].change
_OTHERWISE = {
    "no_provider": {"change": _NOTHING},
    "thumbprint": {"change": QUESTIONS["no_provider"].change},
    "equals_star": {"change": _NOTHING},
    "like_star": {"change": _NOTHING},
    "more_permissions": {"change": _NOTHING},
    "annotate_late": {"change": _NOTHING},
    "fix_trust": {"change": QUESTIONS["equals_star"].change},
    "other_token": {"asked": trials.sts_with_kept_token},
    "renewed": {"change": _NOTHING},
    "fallback": {"change": _NOTHING},
    "expired_copy": {"change": _NOTHING},
    "deleted_pod": {"change": QUESTIONS["no_provider"].change},
    "running_session": {"change": QUESTIONS["detached"].change},
    "detached": {"change": _NOTHING},
    "list_bucket": {"change": _NOTHING},
}
"""What is done or asked otherwise, so that something else has to come of it."""


def tried(simulation, question):
    """What comes of a question's trial in a new world, and all outcomes that its answer fits."""
    world = simulation.world("self-check-of-a-test")
    try:
        seen = conduct(simulation, world, question.change, question.asked)
        return Result(outcome=outcome(world, seen), seen=seen), [
            name for name, fits in OUTCOMES.items() if fits(world, seen)
        ]
    finally:
        simulation.store.discard("self-check-of-a-test")


@pytest.mark.parametrize("id_", QUESTIONS)
def test_the_world_decides_which_answer_is_right(simulation, id_):
    question = QUESTIONS[id_]
    found, fitting = tried(simulation, question)
    assert fitting == [found.outcome], found.seen.printed
    assert found.outcome in question.options
    if id_ == "running_session":
        assert len(found.seen.printed.split("\t")) == 2, "the buckets as `--output text` prints them"
    for option in question.options:
        attempt = Attempt(chosen={id_: option}, results={id_: found})
        assert attempt.is_right(id_) == (option == found.outcome)
    # Where something else happens in the world, the same answer is marked otherwise.
    otherwise, _ = tried(simulation, dataclasses.replace(question, **_OTHERWISE[id_]))
    assert otherwise.outcome != found.outcome
    assert not Attempt(chosen={id_: found.outcome}, results={id_: otherwise}).is_right(id_)


def test_the_questions_cover_the_chain_and_have_their_words():
    assert len(QUESTIONS) == 15
    assert {question.read for question in QUESTIONS.values()} >= {
        *("oidc_provider", "service_account", "webhook", "token_mount", "sts_assume", "access"),
        *("time_machine", "thief"),
    }
    for language in LANGUAGES:
        content = load(language)
        for id_, question in QUESTIONS.items():
            assert question.read in PAGES
            assert len(set(question.options)) == len(question.options) >= 3
            assert content.message(f"self_check.questions.{id_}.ask")
            assert content.message(f"self_check.questions.{id_}.why")
        assert {key.split(".")[2] for key in content.messages if key.startswith("self_check.outcomes.")} == {
            *OUTCOMES,
            "other",
        }


def answer(shown, option):
    shown.test.radio[0].set_value(option)
    return shown.click("check_run")


def test_an_answer_is_tried_elsewhere_and_shown_with_what_was_expected_and_what_came_back(screen):
    shown, content = screen(lang="en").open("self_check"), load("en")
    before = (
        shown.world.cluster.changes.version,
        dict(shown.world.account.oidc_providers),
        len(session.simulation().store),
    )
    assert "\u3000" not in shown.test.radio[0].label
    html = unescape(answer(shown, "works").html("answered_no_provider"))
    assert content.message("self_check.wrong") in html
    for key in ("works", "invalid_token"):
        assert content.message(f"self_check.outcomes.{key}").replace("`", "") in html.replace("<code>", "").replace(
            "</code>", ""
        )
    assert "InvalidIdentityToken" in html.partition('<pre class="log">')[2]
    world = shown.world
    assert before == (
        world.cluster.changes.version,
        dict(world.account.oidc_providers),
        len(session.simulation().store),
    )
    assert world.faults == ()


def test_a_trial_is_made_once_and_its_outcome_is_kept_when_one_begins_again(screen, monkeypatch):
    shown = screen(lang="en").open("self_check")
    answer(shown, "works")
    attempt = shown.world.usage.page_state["self_check"]
    attempt.at = 1  # as after the first of two clicks, before the page is drawn again
    shown.click("check_next")
    assert attempt.at == 1, "the second one skips no question"
    attempt.at = len(QUESTIONS)
    shown.test.run()
    assert "0 of 15" in shown.html("score")
    monkeypatch.setattr(trials, "conduct", lambda *_: pytest.fail("tried again"))
    shown.click("check_again")
    answer(shown, "invalid_token")
    assert "✓" in shown.html("answered_no_provider")


@pytest.mark.parametrize("language", ["ja", pytest.param("en", marks=pytest.mark.large)])
def test_the_score_leads_to_where_to_read(screen, language):
    shown, content = screen(lang=language).open("self_check"), load(language)
    answer(shown, "works")
    shown.world.usage.page_state["self_check"].at = len(QUESTIONS)
    html = unescape(shown.test.run() and shown.html("score"))
    assert content.message("self_check.score", right=0, total=len(QUESTIONS)) in html
    for question in QUESTIONS.values():
        assert f'data-page="{question.read}"' in html


def test_what_could_not_be_tried_is_not_marked(screen, monkeypatch):
    def refused(*_):
        raise NoOutcome("no such thing")

    monkeypatch.setattr(trials, "conduct", refused)
    shown = answer(screen(lang="en").open("self_check"), "works")
    assert "no such thing" in shown.test.error[0].value
    assert shown.test.radio
    assert "self_check" not in shown.world.usage.page_state


def test_an_answer_whose_trial_was_cut_off_is_tried_in_the_next_run(screen, monkeypatch):
    def stopped(*_):
        raise StopException

    shown = screen(lang="en").open("self_check")
    with monkeypatch.context() as dropped:
        dropped.setattr(trials, "conduct", stopped)  # as Streamlit stops a run whose connection drops
        answer(shown, "works")
    assert shown.test.radio
    shown.test.run()
    assert load("en").message("self_check.wrong") in unescape(shown.html("answered_no_provider"))


def test_without_a_choice_nothing_is_tried(screen):
    shown = screen(lang="en").open("self_check").click("check_run")
    assert [warning.value for warning in shown.test.warning] == [load("en").message("predict.choose")]
