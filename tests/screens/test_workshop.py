"""The page of the workshop: its plan, and what it does for those who are late."""

from html import unescape

import pytest

from app.content import LANGUAGES, load
from app.flow.build.tasks import TASKS, TaskId
from app.flow.lessons.workshop import PARTS
from app.ui.state import session
from app.world.setup.developer import SetupRefused
from tests.screens.conftest import plain
from tests.screens.test_build import states


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_the_plan_with_every_part_and_the_page_on_which_it_begins(reader, language):
    shown, content = reader(language).open("workshop"), load(language)
    html = unescape("".join(shown.data(part)["html"] for part in ("workshop_plan", "sheet")))
    for part in PARTS:
        assert content.lesson("workshop").section(f"part-{part.id}").heading in html
        assert f'data-page="{part.page}"' in html


def test_one_button_does_the_tasks_that_are_not_done_and_no_more(screen):
    shown = screen(lang="en").open("workshop")
    before = shown.world
    shown.click("late_pod")
    assert not shown.test.exception
    assert 'data-page="build"' in shown.html("workshop_caught_up")
    made = shown.world
    assert made is not before
    assert made.start == "empty"
    done = [TaskId.LOOK_AROUND, TaskId.ISSUER, TaskId.PROVIDER, TaskId.ROLE]
    assert [task for task, is_done in states(shown.open("build")).items() if is_done] == done
    # The next one goes on from there, in the same world, as far as the lab needs it.
    shown.open("workshop").click("late_break")
    assert shown.world is made
    assert "workshop_caught_up" in shown.keys
    assert [task for task, is_done in states(shown.open("build")).items() if is_done] == [it.id for it in TASKS[:7]]
    assert "lab_predict_heading" in shown.open("break_it", fault="F21").keys


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_world_that_is_further_on_is_left_as_it_is_and_said_to_be(screen, language):
    shown = screen(lang=language).open("workshop").click("late_break")
    made = shown.world
    for button, part, task in (("late_trust", 3, 7), ("late_pod", 4, 7)):
        shown.click(button)
        assert shown.world is made
        said = plain(shown.html("workshop_caught_up"))
        assert load(language).message("workshop.late.further", number=part, task=task) in said
        assert load(language).message("workshop.late.done", number=part) not in said
    shown.click("reset").click("late_pod")
    assert load(language).message("workshop.late.done", number=4) in plain(shown.html("workshop_caught_up"))


def test_a_world_that_was_broken_in_the_lab_is_whole_again(screen):
    shown = screen(lang="en").open("workshop").click("late_break")
    session.simulation().inject(shown.world, "F21")
    shown.test.run()
    shown.click("late_doctor")
    assert shown.world.faults == ()
    assert 'data-page="break_it"' in shown.html("workshop_caught_up")


def test_what_cannot_be_made_right_is_not_called_ready(screen):
    shown = screen(lang="en").open("workshop").click("late_pod")
    for registered in shown.world.cluster.list("mutatingwebhookconfigurations"):
        name = registered["metadata"]["name"]
        shown.world.cluster.delete("mutatingwebhookconfigurations", "", name)
    shown.click("late_break")
    said = unescape(shown.html("workshop_caught_up"))
    assert load("en").message("workshop.late.still_open", number=6) in said
    assert "data-page" not in said


def test_what_a_server_refuses_is_said(screen, monkeypatch):
    shown = screen(lang="en").open("workshop")
    monkeypatch.setattr("app.world.setup.building.carry_out", refused)
    shown.click("late_pod")
    html = unescape(shown.html("workshop_caught_up"))
    assert load("en").message("workshop.late.refused") in html
    assert "no such policy" in html


async def refused(*_):
    raise SetupRefused("no such policy")
