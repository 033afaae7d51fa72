"""A what-if really breaks the world, films what comes of it, and leaves the world as it was."""

import json

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor import examine
from app.flow.film import film
from app.flow.verdict.link_states import chain_state
from app.ui.presenting.what_if import CHOICES, what_if
from app.ui.state import session
from app.wiring import simulated
from tests.world.state import state_of

pytestmark = pytest.mark.one_world

STOPS = {
    "namespace": ("grant", "claim_sub"),
    "expired": ("token_request", "assume"),
    "webhook_down": ("review", "call"),
    "typo": ("annotate", "call"),
}
"""Where each fault begins to matter, and where it shows."""


@pytest.fixture
def asked(monkeypatch, simulation, world):
    """Asks in that world, as a page does."""
    monkeypatch.setattr(session, "world", lambda: world)
    monkeypatch.setattr(session, "simulation", lambda: simulation)

    def ask(choice):
        answer = json.loads(what_if(choice, 7))
        assert answer.pop("asked") == 7
        assert set(answer) == set(LANGUAGES)
        return answer

    return ask


@pytest.mark.parametrize("choice", CHOICES)
def test_the_world_is_as_it_was_and_the_words_are_in_both_languages(asked, simulation, world, choice):
    before = state_of(world)
    answer = asked(choice)
    assert state_of(world) == before
    assert world.faults == ()
    for language in LANGUAGES:
        mine = answer[language]
        assert mine["change"]
        assert mine["begins"] in [beat["id"] for beat in mine["film"]["beats"]]
    assert answer["ja"]["change"] != answer["en"]["change"]


@pytest.mark.parametrize("choice", STOPS)
def test_a_fault_is_played_from_its_cause_to_where_it_shows(asked, choice):
    mine = asked(choice)["en"]
    beats = {beat["id"]: beat for beat in mine["film"]["beats"]}
    begins, shows = STOPS[choice]
    assert (mine["begins"], [name for name, beat in beats.items() if beat["end"] == "stop"]) == (begins, [shows])
    assert beats[shows]["words"], "the product's own words"
    assert list(beats)[-1] == "whole"
    assert mine["answers"] == ""


@pytest.mark.parametrize(("choice", "inside"), [("no_sub", 9), ("wildcard", 3)])
def test_a_wide_policy_lets_a_stranger_in(asked, choice, inside):
    mine = asked(choice)["en"]
    statuses = ("passed", "warning", "not_reached")
    counts = {status: mine["answers"].count(f'<li class="{status}">') for status in statuses}
    assert counts == {"passed": 1, "warning": inside - 1, "not_reached": 9 - inside}, "only the owner's success is one"
    beats = {beat["id"]: beat for beat in mine["film"]["beats"]}
    assert list(beats)[-3:] == ["assume", "claim_sub", "credentials"]
    stranger = "system:serviceaccount:default:attacker"
    assert dict(beats["assume"]["chip"]["rows"])["sub"] == stranger
    assert (beats["claim_sub"]["verdict"], beats["claim_sub"]["seen"]) == ("match", "asked")
    assert beats["credentials"]["chip"]["kind"] == "credentials"
    assert mine["film"]["names"]["service_account"] == "default/attacker"


def test_a_stolen_token_works_outside_and_after_its_pod_is_gone(asked):
    mine = asked("stolen")["en"]
    word = load("en").message("answers.taken")
    assert mine["answers"].count(word) == mine["answers"].count("<li") == 4
    beats = [(beat["id"], beat["end"]) for beat in mine["film"]["beats"]]
    assert mine["begins"] == "copy"
    assert beats[-4:] == [(attempt, "let_in") for attempt in ("copy", "sts", "identity", "s3")]


def test_what_was_broken_before_is_so_again(asked, simulation, world):
    simulation.inject(world, "F46")
    before = world.faults
    asked("namespace")
    assert world.faults == before
    simulation.revert(world)


def test_the_film_of_the_world_is_the_same_as_before(asked, simulation, world):
    def beats():
        found = examine(simulated(simulation, world), session.subject())
        heard = (*world.log.setup(), *world.log.exchanges())
        return [
            (beat.id, beat.arrivals) for beat in film(found.walk, chain_state(found.walk, found.checks), heard).beats
        ]

    before = [it for it in beats() if it[0] != "credentials"]
    for choice in ("webhook_down", "expired"):
        asked(choice)
    assert [it for it in beats() if it[0] != "credentials"] == before


def test_where_there_is_no_room_the_world_stays_as_it_is(asked, monkeypatch, world):
    monkeypatch.setattr(world.usage, "wait", lambda *, reserve=False: 3.0)
    before = state_of(world)
    assert asked("namespace")["en"] == {"failed": load("en").message("what_if.busy")}
    assert state_of(world) == before


@pytest.mark.parametrize("choice", ["namespace", "no_sub", "stolen"])
def test_a_world_that_does_not_allow_it_says_so_and_stays_as_it_is(asked, simulation, world, choice):
    saved = simulation.save(world)
    del world.account.roles["s3-reader"]
    world.cluster.delete("pods", "default", "pod-after")
    before = state_of(world)
    for language in LANGUAGES:
        words = load(language).message("what_if.failed", said="")
        assert asked(choice)[language]["failed"].startswith(words[:20])
    assert state_of(world) == before
    simulation.restore(world, saved)


def test_a_world_that_goes_meanwhile_is_the_reason(asked, monkeypatch, simulation):
    other = simulation.world("goes", start="empty")
    monkeypatch.setattr(session, "world", lambda: other)
    inject = simulation.inject

    def too_late(*given):
        simulation.store.discard("goes")
        inject(*given)

    monkeypatch.setattr(simulation, "inject", too_late)
    words = load("en").message(
        "what_if.failed", said="this world is no longer kept: it was reset, or idle for too long"
    )
    assert asked("typo")["en"] == {"failed": words}
