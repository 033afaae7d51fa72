"""A world that its reader has built: what they do there on pages that can undo it is no building of another chain."""

import pytest

from app.flow.build.tasks import TASKS
from app.flow.verdict.judge import Outcome
from app.ui.state import session
from app.world.setup.scenario import ARTICLE
from tests.screens.conftest import Screen
from tests.screens.test_thief import choose
from tests.screens.test_time_machine import answers, history
from tests.world.test_build import Exercise

DEFENCE, PATTERN = "thief_defence", "thief_pattern"


@pytest.fixture(scope="module")
def built(simulation):
    """A session whose world has come from an empty one to the last task, by the requests of the buttons."""
    shown = Screen(lang="en")
    exercise = Exercise(simulation, simulation.reset(shown.test.session_state["browser"], start="empty"))
    for task in TASKS:
        exercise.do(task.id)
    return shown


@pytest.fixture
def shown(simulation, built):
    """The same, turned back to the chain that is being built: nothing keeps it, and each test leaves all as it was."""
    simulation.choose(built.world, **vars(ARTICLE.subject))
    assert not built.world.chain_is_chosen
    return built


def walked(shown):
    assert not shown.test.exception
    assert shown.world.chain.subject == ARTICLE.subject
    return shown.test.session_state["walk_view"].walk.subject


def test_the_journey_goes_on_whatever_is_done_on_it(shown):
    journey = history(shown.open("time_machine"))
    for deed, answered in (("delete_pod", ["passed", "failed", "passed"]), ("annotate", ["passed"] * 3)):
        shown.click(f"act_{deed}")
        assert walked(shown) == ARTICLE.subject
        assert history(shown) is journey
        assert answers(shown) == answered
        assert "acts_done" in shown.keys
        shown.click("act_undo")
        assert answers(shown) == ["passed"] * 3
        assert "acts_done" not in shown.keys


def test_the_journey_keeps_the_chain_that_was_chosen_again(simulation, shown):
    journey = history(shown.open("time_machine"))
    simulation.choose(shown.world, service_account="default")
    simulation.choose(shown.world, service_account=ARTICLE.service_account)
    shown.test.run()
    shown.click("act_delete_pod")
    assert history(shown) is journey
    shown.click("act_undo")
    assert walked(shown) == ARTICLE.subject


def test_the_theft_stays_that_of_the_stolen_token(shown):
    shown.open("thief").click("thief_steal")
    for key, name in ((DEFENCE, "delete_pod"), (DEFENCE, "delete_service_account"), (PATTERN, "namespace")):
        choose(shown, key, name)
        assert walked(shown) == ARTICLE.subject, name
        assert walked(shown.open("home")) == ARTICLE.subject, name
        shown.open("thief")
    shown.click("thief_back")
    assert walked(shown) == ARTICLE.subject
    assert session.diagnosis(shown.test.session_state["walk_view"]).verdict.outcome is Outcome.WORKS
