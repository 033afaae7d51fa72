"""What a reader may do to the world: walk again, move its clock, throw it away."""

import errno
from contextlib import nullcontext
from functools import partial
from unittest.mock import Mock

import pytest
from streamlit.runtime.scriptrunner import RerunData
from streamlit.testing.v1 import local_script_runner

from app.content import LANGUAGES, load
from app.ui.state import allowance, already_read, own_world
from app.ui.text import prose
from app.world.clock import CLOCK_LIMIT
from app.world.lifecycle.world_store import NoRoom, WorldStore
from app.world.usage import CAPACITY
from tests.screens.live import asked_as


def test_two_sessions_have_two_worlds(screen):
    assert screen().world.account_id != screen().world.account_id


def test_run_again_keeps_the_world_and_asks_again(screen):
    shown = screen(lang="en")
    account, before = shown.world.account_id, shown.test.session_state["walk_view"]
    shown.click("run_again")
    assert shown.world.account_id == account
    assert shown.test.session_state["walk_view"] is not before


def test_reset_makes_a_new_world(screen):
    shown = screen(lang="en").open("oidc_provider")
    account, issuer = shown.world.account_id, shown.world.issuer
    assert account in shown.html("found_oidc_provider") or account in shown.html("world")
    shown.click("reset")
    assert shown.world.account_id != account
    assert shown.world.issuer != issuer
    assert shown.world.account_id in shown.html("world")
    assert not shown.test.exception


def test_twenty_hours_later_kubelet_has_replaced_the_token(screen):
    shown = screen(lang="en").open("token_mount")
    before = shown.claims
    shown.click("clock_page_20")
    after = shown.claims
    assert not shown.test.exception
    assert 0.8 * 24 * 3600 <= after["iat"] - before["iat"] <= 20 * 3600 + 60
    assert load("en").message("screens.rotated", before="·", after="·").partition("·")[0] in shown.html("timeline_line")


def test_an_hour_later_the_token_is_still_the_same(screen):
    shown = screen(lang="en").open("token_mount")
    before = shown.claims
    shown.click("clock_sidebar_1")
    assert shown.claims == before
    assert load("en").message("screens.not_rotated") in shown.html("timeline_line")


def test_a_clock_that_cannot_move_says_so_once_where_it_was_asked(screen):
    shown = screen(lang="en").open("token_mount")
    shown.world.clock.move(CLOCK_LIMIT)
    before = shown.world.clock.offset
    shown.click("clock_page_1")
    assert shown.world.clock.offset == before
    assert [warning.value for warning in shown.test.warning] == [load("en").message("screens.clock_too_far")]
    shown.test.run()
    assert not shown.test.warning


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_says_that_the_disk_does_not_take_the_world(screen, simulation, monkeypatch, language):
    shown = screen(lang=language).open("token_mount")
    assert "not_kept" not in shown.keys
    problem = OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(type(simulation), "not_kept", lambda _, world: problem if world is shown.world else None)
        shown.click("clock_sidebar_6")
        assert "No space left on device" in shown.html("not_kept")
        assert "IRSA_STATE_DIR" in shown.open("why").html("not_kept")
    shown.test.run()
    assert "not_kept" not in shown.keys


def test_a_dropped_world_is_made_again_with_its_walk(screen, simulation):
    shown = screen(lang="en").open("access")
    account = shown.world.account_id
    simulation.store.discard(shown.test.session_state["browser"])
    shown.test.run()
    assert not shown.test.exception
    assert shown.world.account_id != account
    assert shown.world.account_id in shown.html("world")
    assert shown.test.radio  # a new world, a new question


def lost(shown, why, language="en"):
    content = load(language)
    words = content.facts.sentences(content.message(f"limits.lost_{why}"), content.message("limits.lost_kept"))
    return "lost" in shown.keys and words in shown.html("lost") and 'role="status"' in shown.html("lost")


def test_a_reader_whose_world_is_gone_reads_so_once(screen, simulation):
    shown = screen(lang="ja")
    assert "lost" not in shown.keys
    key = shown.test.session_state["browser"]
    simulation.store.remember(key, "evicted")
    simulation.store.discard(key)
    shown.test.run()
    assert lost(shown, "evicted", "ja")
    shown.test.run()
    assert "lost" not in shown.keys


def test_a_reader_for_whose_new_world_there_was_no_room_reads_of_the_loss_once_there_is(
    screen, simulation, monkeypatch
):
    shown = screen(lang="en")
    key = shown.test.session_state["browser"]
    simulation.store.remember(key, "idle")
    simulation.store.discard(key)
    with monkeypatch.context() as full:
        full.setattr(WorldStore, "put", Mock(side_effect=NoRoom(7.0)))
        shown.test.run()
    assert "lost" not in shown.keys
    shown.test.run()
    assert lost(shown, "idle")


def test_a_new_world_for_which_there_was_no_room_leaves_the_start_of_the_old_one(screen, simulation, monkeypatch):
    shown = screen(lang="en").open("home")
    with monkeypatch.context() as full:
        full.setattr(WorldStore, "put", Mock(side_effect=NoRoom(7.0)))
        shown.click("begin_empty")
    simulation.store.discard(shown.test.session_state["browser"])
    shown.test.run()
    assert shown.world.start == "finished"


def test_a_browser_of_an_earlier_process_reads_of_the_restart(screen, monkeypatch):
    earlier = "0" * 24 + own_world.new_id()[:8]
    monkeypatch.setattr(own_world, "key", lambda: earlier)
    shown = screen(lang="en", asked=True)
    assert lost(shown, "restarted")
    shown.test.run()
    assert "lost" not in shown.keys


def test_a_world_that_another_tab_replaced_is_reported(screen, simulation):
    shown = screen(lang="en")
    simulation.reset(shown.test.session_state["browser"])
    for _ in range(2):  # that come by themselves: nobody may have read it
        shown.test.session_state[already_read._NEXT_IS_UNASKED] = True
        shown.test.run()
        assert lost(shown, "elsewhere")
    shown.test.run()
    assert lost(shown, "elsewhere"), "the first run that the reader asked for"
    shown.test.run()
    assert "lost" not in shown.keys


def test_a_talk_that_follows_its_world_says_no_loss_and_the_page_after_it_says_it_once(screen, simulation):
    shown = screen(lang="en").open("home", present="1")
    simulation.reset(shown.test.session_state["browser"])
    shown.test.session_state[already_read._NEXT_IS_UNASKED] = True
    shown.test.run()
    assert "lost" not in shown.keys
    del shown.test.query_params["present"]
    shown.test.run()
    assert lost(shown, "elsewhere")
    shown.test.run()
    assert "lost" not in shown.keys


def test_ones_own_reset_is_no_loss(screen):
    assert "lost" not in screen(lang="en").click("reset").keys


def said(shown):
    return " ".join(element.proto.body for element in shown.test.get("html"))


def test_who_has_used_too_much_reads_one_sentence_and_the_walk_is_not_made(screen):
    shown = screen(lang="en")
    shown.test.run()
    before = shown.test.session_state["walk_view"]
    allowance.budgets().browsers.of(shown.test.session_state["browser"]).take(40)
    shown.click("run_again")
    assert not shown.test.exception
    assert not shown.test.title
    assert "more of it than one visitor may" in said(shown)
    assert shown.test.session_state["walk_view"] is before


def test_who_has_used_too_much_reads_the_same_where_a_part_of_the_page_runs_by_itself(screen, monkeypatch):
    shown = screen(lang="en").open("sts_assume")
    alone = list(shown.test._fragment_storage._fragments)
    assert alone
    monkeypatch.setattr(local_script_runner, "RerunData", partial(RerunData, fragment_id_queue=alone[:1]))
    shown.test.run()
    assert "more of it than one visitor may" not in said(shown)
    allowance.budgets().browsers.of(shown.test.session_state["browser"]).take(40)
    shown.test.run()
    assert not shown.test.exception
    assert said(shown).count("more of it than one visitor may") == 1


@pytest.mark.parametrize("known", [True, False])
def test_an_address_that_used_too_much_waits_where_addresses_are_known(screen, monkeypatch, known):
    shown = screen(lang="en").open("home")
    if known:
        asked_as(monkeypatch, visitor="192.0.2.77")
    allowance.budgets().addresses.of("192.0.2.77").take(240)
    shown.click("run_again")
    assert not shown.test.exception
    assert bool(shown.test.title) is not known


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (NoRoom(7.0), "no_room"),
        (OSError(errno.ENOSPC, "full"), "disk_full"),
        (OSError(errno.EDQUOT, "quota"), "disk_full"),
        (OSError(13, "no"), None),
    ],
)
def test_where_no_world_can_be_made_the_page_says_why_and_an_error_of_ours_stays_an_error(monkeypatch, error, why):
    stopped = []
    monkeypatch.setattr(allowance, "stop", lambda why, seconds: stopped.append(why))
    with nullcontext() if why else pytest.raises(OSError, match="no"), allowance.room_for_a_world():
        raise error
    assert stopped == ([why] if why else [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_that_needs_another_world_says_so_where_the_disk_is_full(screen, simulation, monkeypatch, language):
    shown = screen(lang=language).open("home").click("begin_empty")
    monkeypatch.setattr(type(simulation), "reset", Mock(side_effect=OSError(errno.ENOSPC, "full")))
    shown.open("why")
    expected = load(language).message("limits.disk_full", seconds=60)
    assert prose(expected) in said(shown)
    assert not [key for key in shown.keys if key.startswith("page_error")]


def test_a_world_that_used_too_much_is_not_walked_through(screen):
    shown = screen(lang="en")
    before = shown.test.session_state["walk_view"]
    shown.world.usage.quota.take(2 * CAPACITY)
    shown.click("run_again")
    assert not shown.test.exception
    assert "all the CPU time that one world may use" in said(shown)
    assert shown.test.session_state["walk_view"] is before
