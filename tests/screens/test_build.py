"""The page of the exercise: from an empty world to the list of the buckets by its buttons, in the reader's language."""

import json
import re
from html import unescape

import pytest

from app.content import PAGES, load
from app.content.page_specs import PAGE_SPECS
from app.flow.annotations import ROLE_ARN
from app.flow.build.tasks import TASKS, TaskId
from app.flow.steps.walk import walk
from app.serving import console_socket
from app.ui.state import session, shared_walks
from app.ui.text import prose
from app.world.apiserver.types.errors import ApiError
from tests.screens.live import asked_as


def states(shown):
    """By task, whether the list says that it is done."""
    html = shown.html("build_tasks")
    found = re.findall(r'<li class="(done|open)[^"]*"><a [^>]*data-params="([^"]*)"', html)
    return {json.loads(unescape(params))["task"]: state == "done" for state, params in found}


def standing_out(shown):
    """The buttons that stand out, and whether the page says why to go on to the next one."""
    bridge = prose(load("ja").message("bridges.break_it"))
    return shown.stands_out, any(bridge in element.proto.body for element in shown.test.get("html"))


def by_the_buttons(shown):
    """Does every task by its button; what the last one says, and what came back for each."""
    came_back = {}
    for number, task in enumerate(TASKS):
        before = states(shown)
        assert [before[it.id] for it in TASKS] == [True] * number + [False] * (len(TASKS) - number)
        assert f"build_task_{task.id}" in shown.keys
        assert standing_out(shown) == (["build_do"], False)
        shown.click("build_do")
        assert not shown.test.exception
        assert "build_done" in shown.keys, task.id
        came_back[task.id] = unescape(shown.html("build_came_back")) if "build_came_back" in shown.keys else ""
        if number + 1 < len(TASKS):
            assert standing_out(shown) == (["build_next"], False)
            shown.click("build_next")
    assert standing_out(shown) == (["next"], True)
    assert all(states(shown).values())
    return unescape(shown.html("build_done")), came_back


@pytest.mark.parametrize("twice", [False, pytest.param(True, marks=pytest.mark.large)], ids=["once", "twice"])
def test_the_whole_exercise_by_its_buttons_and_again_in_a_new_world(screen, monkeypatch, twice):
    content = load("ja")
    shown = screen(lang="ja").open("build")
    assert "build_tasks" not in shown.keys
    assert standing_out(shown) == (["build_begin"], False)
    shown.click("build_begin")
    first, walked = shown.world, []
    monkeypatch.setattr(shared_walks, "walk", lambda *about: walked.append(about) or walk(*about))
    said, came_back = by_the_buttons(shown)
    assert len(walked) == 6, "three tasks only look"
    assert content.message("build.all_done") in said
    # What came back is what each command is typed for, and is no secret.
    assert {task for task, html in came_back.items() if not html} == {
        *(TaskId.PROVIDER, TaskId.ROLE, TaskId.SERVICE_ACCOUNT, TaskId.POD_AFTER)
    }
    assert "AccessDenied" in came_back[TaskId.LOOK_AROUND]
    assert first.issuer in came_back[TaskId.ISSUER]
    assert f"irsa-reports-{first.account_id}" in came_back[TaskId.BUCKETS]
    assert "AWS_WEB_IDENTITY_TOKEN_FILE=" in came_back[TaskId.LOOK_INSIDE]
    token = re.sub(r"<[^>]+>", "", came_back[TaskId.LOOK_INSIDE])
    assert '"sub": "system:serviceaccount:default:my-sa"' in token
    # What STS says is read as facts, not as one line of XML.
    facts, _, whole = came_back[TaskId.BY_HAND].partition('<details class="more"')
    assert "<dt>Arn</dt>" in facts
    assert f"arn:aws:sts::{first.account_id}:assumed-role/s3-reader/by-hand" in re.sub(r"<wbr/?>", "", facts)
    assert "\n    <Credentials>\n" in whole
    everything = " ".join(came_back.values())
    assert set(re.findall(r"eyJ[\w-]+\.eyJ[\w-]+\.([\w-]*)", everything)) <= {""}
    assert not [key for key in first.account._sessions.values() if key.secret_access_key in everything]
    # What is built is what the other pages are about.
    assert content.message("verdict.passed") in unescape(shown.open("home").html("verdict"))
    shown.open("build")
    # A new world keeps the start of the one that it replaces.
    shown.click("reset")
    assert shown.world is not first
    assert shown.world.start == "empty"
    assert content.message("ui.reset_done.empty") in [caption.value for caption in shown.test.caption]
    assert not any(states(shown).values())
    if twice:
        said, _ = by_the_buttons(shown)
        assert content.message("build.all_done") in said
        assert content.message("verdict.passed") in unescape(shown.open("home").html("verdict"))


def test_the_map_has_ghosts_until_the_chain_works_and_names_them(screen, monkeypatch):
    asked, diagnose = [], session.diagnose
    monkeypatch.setattr(session, "diagnose", lambda *about: asked.append(about) or diagnose(*about))
    shown, content = screen(lang="en").open("build").click("build_begin"), load("en")
    film = json.loads(shown.data("build_map")["film"])
    assert {"provider", "service_account", "role", "pod", "assume"} <= set(film["ghosts"])
    before = len(asked)
    named = "Pod, IAM OIDC provider, IAM role, ServiceAccount"
    assert film["ghosts_said"] == content.message("map.ghosts", named=named)
    assert json.loads(shown.open("webhook").data("film")["film"])["ghosts"] == film["ghosts"]
    shown.open("build", task="provider").click("build_do")
    assert "provider" not in json.loads(shown.data("build_map")["film"])["ghosts"]
    assert len(asked) == before + 1, "by the step's page: the exercise does not ask the doctor about what is not there"
    # The webhook adds its variables to the Pod of the dry run, whatever the annotation says. That Pod is not stored.
    metadata = {"name": "my-sa", "namespace": "default", "annotations": {ROLE_ARN: "arn:aws:iam:::role/mine"}}
    shown.world.cluster.put("serviceaccounts", {"metadata": metadata})
    film = json.loads(shown.open("build").click("build_check").data("build_map")["film"])
    assert "pod" in film["ghosts"]
    assert not [add for beat in film["beats"] for add in beat["adds"] if add["at"] == "pod"], "there is no Pod"


def test_the_block_for_a_terminal_is_shown_on_a_click_and_at_this_machine_alone(screen, monkeypatch):
    asked_as(monkeypatch)
    shown = screen(lang="en").open("build").click("build_begin")
    secrets = (shown.world.admin_token, shown.world.account.admin.secret_access_key)
    assert not [secret for secret in secrets if secret in shown.everything]
    shown.click("build_block")
    assert not shown.test.exception
    assert all(secret in shown.html("build_shown") for secret in secrets)
    shown.click("build_conceal")
    assert not [secret for secret in secrets if secret in shown.everything]


def test_the_console_of_this_world_stands_below_the_commands_of_the_task(screen, monkeypatch):
    asked_as(monkeypatch)
    monkeypatch.setattr(console_socket, "refusal", lambda *_: None)
    shown = screen(lang="en").open("build").click("build_begin")
    assert shown.html(f"build_in_console_{TASKS[0].id}").endswith(shown.html(f"build_commands_{TASKS[0].id}"))
    drawn = shown.data("console")
    assert (drawn["language"], drawn["path"]) == ("en", console_socket.PATH)
    after = shown.click("reset").data("console")
    assert after == {**drawn, "world": after["world"]}
    assert after["world"] != drawn["world"], "what was printed in one world is gone in the next"


@pytest.mark.parametrize("facts", [{"served_on": "192.0.2.1"}, {"forwarded_by": "x-forwarded-for"}])
def test_elsewhere_the_page_says_that_a_terminal_needs_a_server_of_its_own(screen, monkeypatch, facts):
    asked_as(monkeypatch, **facts)
    shown = screen(lang="en").open("build").click("build_begin")
    assert "make run" in unescape(shown.html("build_else"))
    assert "build_block" not in {button.key for button in shown.test.button}


def test_a_task_that_comes_too_early_names_the_ones_before_it(screen):
    shown = screen(lang="en").open("build").click("build_begin").open("build", task="pod_after").click("build_do")
    html = unescape(shown.html("build_came_back"))
    assert 'serviceaccount "my-sa" not found' in html
    assert re.findall(r"&task=(\w+)\"", html) == ["look_around", "issuer", "provider", "role", "service_account"]


def test_a_button_sends_nothing_to_a_world_that_another_tab_has_made_since(screen):
    shown = screen(lang="en").open("build").click("build_begin").open("build", task="service_account")
    other = screen(lang="en")
    other.test.session_state["browser"] = shown.test.session_state["browser"]
    other.open("build").click("reset")
    shown.click("build_do")
    assert shown.world is other.world
    with pytest.raises(ApiError, match='"my-sa" not found'):
        shown.world.cluster.get("serviceaccounts", "default", "my-sa")
    assert "build_task_look_around" in shown.keys


def test_hints_come_one_at_a_time(screen):
    shown = screen(lang="en").open("build").click("build_begin")
    for number in (1, 2, 3):
        shown.click("build_hint")
        assert shown.html("build_hints").count("<li>") == number
    assert "build_hint" not in {button.key for button in shown.test.button}


def test_what_is_wrong_is_the_check_that_says_so(screen, simulation):
    shown = screen(lang="en").open("build").click("build_begin")
    from app.world.setup.roles import create_role, trust_policy

    world = shown.world
    create_role(world, "mine", trust_policy(world, "default", "other"))
    world.cluster.put("serviceaccounts", {"metadata": {"name": "my-sa", "namespace": "default"}})
    shown.open("build", task="role").click("build_check")  # no request, so no event
    # The role trusts `other`, and that is then whose role it is: nothing in it is wrong but what it may not do.
    html = unescape(shown.html("build_task_role"))
    assert 'data-check="access.policy"' in html
    assert "mine" in html


@pytest.mark.parametrize("language", ["en", pytest.param("ja", marks=pytest.mark.large)])
def test_every_page_lives_with_an_empty_world(screen, language):
    shown = screen(lang=language)
    session.simulation().reset(shown.test.session_state["browser"], start="empty")
    for page in PAGES:
        shown.open(page)
        assert not shown.test.exception, page
        assert ("not_there" in shown.keys) is PAGE_SPECS[page].needs_walk, page


def test_the_story_of_why_is_that_of_a_finished_world(screen, simulation):
    shown = screen(lang="en").open("build").click("build_begin")
    before = len(simulation.store)
    shown.open("why")
    assert "unreadable" not in shown.html("blast_radius")
    assert load("en").message("why.lent_story") in [caption.value for caption in shown.test.caption]
    assert len(simulation.store) == before


@pytest.mark.parametrize("page", ["break_it", "thief", "time_machine"])
def test_what_needs_a_chain_says_so_and_offers_a_finished_world(screen, page):
    shown = screen(lang="en").open("build").click("build_begin").open(page)
    assert load("en").message("build.needs_chain") in unescape(shown.html("needs_chain"))
    shown.click("finished_world")
    assert shown.world.start == "finished"
    assert "needs_chain" not in shown.keys


def test_the_home_page_chooses_the_start(screen):
    shown = screen(lang="en").click("begin_empty")
    assert shown.title == load("en").lesson("build").title
    assert shown.world.start == "empty"
    shown.open("home").click("finished_world")
    assert shown.world.start == "finished"
    assert TaskId("role") is TaskId.ROLE
