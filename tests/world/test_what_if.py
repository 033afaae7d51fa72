"""A what-if really breaks a world made for it, films what comes of it, and leaves the reader's world alone."""

import errno
import json
from dataclasses import replace

import pytest

from app.content import LANGUAGES, load
from app.flow.model import Chain
from app.ui.presenting.what_if import CHOICES, what_if
from app.ui.state import allowance, session
from app.world.aws.entities import NodeKind
from app.world.lifecycle.experiments import create_service_account
from app.world.lifecycle.world_store import NoRoom
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
    monkeypatch.setattr(session.own_world, "key", lambda: "reader")
    # The reader has used nothing yet: neither what this thread has taken for other tests, nor what for other questions.
    allowance.begin()
    allowance.budgets().browsers._kept.pop("reader", None)

    def ask(choice):
        answer = json.loads(what_if(choice, 7))
        assert answer.pop("asked") == 7
        assert set(answer) == set(LANGUAGES)
        return answer

    return ask


@pytest.mark.parametrize("choice", CHOICES)
def test_the_world_is_as_it_was_and_the_words_are_in_both_languages(asked, simulation, world, choice):
    before, kept = state_of(world), set(simulation.store.all())
    answer = asked(choice)
    assert state_of(world) == before
    assert set(simulation.store.all()) == kept, "the world that broke is gone"
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
    never = [(beat["seen"], beat["note"]) for beat in beats.values() if beat["end"] == "not_reached"]
    assert set(never) <= {("heard", "")}, "of what did not happen not even the result was seen"
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
    assert (beats["credentials"]["chip"]["kind"], beats["credentials"]["end"]) == ("credentials", "let_in")
    assert beats["credentials"]["plain"].endswith("another ServiceAccount, which should not get them.")
    assert mine["film"]["names"]["service_account"] == "default/attacker"


def test_a_stolen_token_works_outside_and_after_its_pod_is_gone(asked):
    mine = asked("stolen")["en"]
    word = load("en").message("answers.taken")
    assert mine["answers"].count(word) == mine["answers"].count("<li") == 4
    beats = [(beat["id"], beat["end"]) for beat in mine["film"]["beats"]]
    assert mine["begins"] == "copy"
    assert beats[-4:] == [(attempt, "let_in") for attempt in ("copy", "sts", "identity", "s3")]


def test_what_is_done_to_the_world_meanwhile_stays(asked, monkeypatch, simulation, world):
    inject = simulation.inject

    def while_it_breaks(*given):
        simulation.run(create_service_account(world, "default", "from-a-terminal"))
        inject(*given)

    monkeypatch.setattr(simulation, "inject", while_it_breaks)
    asked("namespace")
    assert world.cluster.find("serviceaccounts", "default", "from-a-terminal")


def test_what_breaks_has_the_names_the_node_and_the_wording_of_the_readers_world(asked, monkeypatch, simulation):
    chain = Chain(namespace="team-a", service_account="reports", pod="web-1", role="reader")
    own = simulation.reset("own-names", seeded=chain)
    monkeypatch.setattr(session, "world", lambda: own)
    simulation.replace_node(own, NodeKind.AUTO_MODE)
    own.account.sts_wording = "classic"
    played = asked("webhook_down")["en"]["film"]
    assert played["names"]["service_account"] == "team-a/reports"
    (stop,) = (beat for beat in played["beats"] if beat["end"] == "stop")
    assert "Unable to locate credentials" in stop["words"], "no Pod on that node gets the node's role"


@pytest.mark.parametrize("change", [{"service_account": "default"}, {"pod": "", "role": "", "role_path": "/team/"}])
def test_a_chain_with_which_no_world_can_be_made_breaks_under_the_articles_names(asked, world, change):
    world.chain = replace(world.chain, **change)
    assert asked("typo")["en"]["film"]["names"]["service_account"] == "default/my-sa"
    world.chain = world.seeded


def test_a_broken_or_empty_world_is_no_obstacle(asked, monkeypatch, simulation, world):
    simulation.inject(world, "F46")
    assert asked("namespace")["en"]["begins"] == "grant"
    assert world.faults == ("F46",)
    simulation.revert(world)
    empty = simulation.world("empty", start="empty")
    monkeypatch.setattr(session, "world", lambda: empty)
    assert asked("namespace")["en"]["begins"] == "grant"


@pytest.mark.parametrize("cause", [NoRoom(3.0), OSError(errno.ENOSPC, "No space left on device", "/var/kept/a")])
def test_where_there_is_no_room_it_says_so(asked, monkeypatch, simulation, cause):
    """And not where the server keeps its files."""

    def full(*_, **__):
        raise cause

    monkeypatch.setattr(simulation, "reset", full)
    assert asked("namespace")["en"] == {"failed": load("en").message("what_if.busy")}


def test_a_world_that_goes_meanwhile_is_the_reason(asked, monkeypatch, simulation):
    inject = simulation.inject

    def too_late(trial, fault):
        (key,) = (key for key, kept in simulation.store.all().items() if kept is trial)
        simulation.store.discard(key)
        inject(trial, fault)

    monkeypatch.setattr(simulation, "inject", too_late)
    said = "this world is no longer kept: it was reset, or idle for too long"
    assert asked("typo")["en"] == {"failed": load("en").message("what_if.failed", said=said)}
