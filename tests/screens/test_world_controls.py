"""What a reader may do to the world: walk again, move its clock, throw it away."""

from app.content import load
from app.flow.model import Step
from app.world.simulation import CLOCK_LIMIT


def claims(shown):
    return shown.test.session_state["visit"].walk.report(Step.TOKEN_MOUNT).evidence["token"]["claims"]


def test_two_sessions_have_two_worlds(screen):
    assert screen().world.account_id != screen().world.account_id


def test_run_again_keeps_the_world_and_asks_anew(screen):
    shown = screen(lang="en")
    account, before = shown.world.account_id, shown.test.session_state["visit"]
    shown.click("run_again")
    assert shown.world.account_id == account
    assert shown.test.session_state["visit"] is not before


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
    before = claims(shown)
    shown.click("clock_page_20")
    after = claims(shown)
    assert not shown.test.exception
    assert 0.8 * 24 * 3600 <= after["iat"] - before["iat"] <= 20 * 3600 + 60
    assert load("en").message("screens.rotated", before="·", after="·").partition("·")[0] in shown.html("timeline_line")


def test_an_hour_later_the_token_is_still_the_same(screen):
    shown = screen(lang="en").open("token_mount")
    before = claims(shown)
    shown.click("clock_sidebar_1")
    assert claims(shown) == before
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


def test_a_dropped_world_is_made_anew_with_its_walk(screen, simulation):
    shown = screen(lang="en").open("access")
    account = shown.world.account_id
    simulation.store.discard(shown.test.session_state["browser"])
    shown.test.run()
    assert not shown.test.exception
    assert shown.world.account_id != account
    assert shown.world.account_id in shown.html("world")
    assert shown.test.radio  # a new world, a new question
