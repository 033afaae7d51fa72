"""The signature of a token: on a click, on loopback, for one drawing."""

from __future__ import annotations

import pytest

from app.content import load
from app.flow.errors import Unreachable
from app.ui.draw import reveal
from app.ui.state import session
from tests.screens.live import asked_as, reality

ELSEWHERE = [{"served_on": "192.0.2.1"}, {"served_on": ""}, {"forwarded_by": "x-forwarded-for"}, None]
"""`None`: another server took the request, and nothing is known of it."""


@pytest.fixture
def at(monkeypatch):
    def seen(facts):
        if facts is not None:
            asked_as(monkeypatch, **facts)

    return seen


def token_of(world):
    from app.wiring import simulated

    path = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
    ports = simulated(session.simulation(), world)
    return ports.cluster.execute("default", "pod-after", "aws-cli", ["cat", path]).stdout.strip()


def keys(shown):
    return {button.key for button in shown.test.button}


def test_a_click_shows_it_and_the_next_one_hides_it(screen, at, caplog):
    at({})
    shown = screen(lang="en").open("token_mount")
    signature = token_of(shown.world).rpartition(".")[2]
    assert signature not in shown.sent.replace("<wbr>", "")
    shown.click("reveal")
    assert not shown.test.exception
    assert signature in shown.html("revealed").replace("<wbr>", "")
    shown.click("conceal")
    assert "revealed" not in shown.keys
    assert signature not in shown.sent.replace("<wbr>", "")
    assert signature not in repr(shown.test.session_state._state.filtered_state) + caplog.text


@pytest.mark.parametrize("facts", ELSEWHERE)
def test_where_others_may_look_there_is_no_button(screen, at, facts):
    at(facts)
    shown = screen(lang="en").open("token_mount")
    assert not shown.test.exception
    assert "anatomy_views" in shown.keys
    assert "reveal" not in keys(shown)


@pytest.mark.parametrize("facts", ELSEWHERE)
def test_and_the_server_refuses_without_reading(at, facts):
    at(facts)
    with pytest.raises(PermissionError):
        reveal.signature(None, None)


def test_a_server_that_is_bound_to_others_addresses_refuses_everybody(at, monkeypatch):
    at({})
    assert reveal.is_possible()
    monkeypatch.setenv("IRSA_HOST", "192.0.2.1")
    assert not reveal.is_possible()


def test_in_live_mode_it_takes_the_right_to_read_the_token(screen, at, simulation, tmp_path, monkeypatch):
    reality(simulation, "reveal", tmp_path, monkeypatch)
    at({})
    shown = screen(lang="en", live="token_mount").click("do_token_mount_token_request")
    assert "reveal" not in keys(shown)
    shown.click("do_token_mount_read_token")
    shown.test.session_state["predictions"] = {
        "world": shown.test.session_state["live"].walk_view.world,
        "made": {"token_mount": ""},
    }
    shown.test.run()
    assert "reveal" in keys(shown)

    def unreachable(_):
        raise Unreachable(code="timed_out", server_message="nobody there")

    monkeypatch.setattr("app.wiring.live", unreachable)
    shown.click("reveal")
    assert not shown.test.exception
    assert "nobody there" in shown.html("revealed")
    assert load("en").message("reveal.show") in [button.label for button in shown.test.button]
    simulation.store.discard("reveal")
