"""The film of what really happened: each beat from its exchange, stopped where a break shows."""

from dataclasses import replace

import pytest

from app.content import load
from app.flow.doctor import examine
from app.flow.film import End, Seen, film, imagined
from app.flow.lessons.predictions import QUESTIONS
from app.flow.model import Step, Subject
from app.flow.verdict.link_states import chain_state
from app.ui.map.film_json import sentence
from app.wiring import simulated

pytestmark = pytest.mark.one_world

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
WHOLE = (
    "publish register grant annotate create review patch token_request token mount assume claim_iss claim_aud "
    "discovery keys claim_sub credentials call buckets"
).split()


@pytest.fixture
def filmed(simulation, world):
    """The film of the world as it is, with a fault or without one, and what it was made from."""

    def film_under(*fault_ids):
        if fault_ids:
            simulation.inject(world, *fault_ids)
        found = examine(simulated(simulation, world), SUBJECT)
        heard = (*world.log.setup(), *world.log.exchanges())
        return film(found.walk, chain_state(found.walk, found.checks), heard), found, heard

    return film_under


def test_a_healthy_walk_is_a_film_of_nineteen_beats_each_with_its_exchange(filmed):
    made, _, _ = filmed()
    assert [beat.id for beat in made.beats] == WHOLE
    assert all(beat.exchange for beat in made.beats)
    assert (made.guilty, made.shows, made.not_reached) == ((), "", ())
    assert all(beat.claim.matches for beat in made.beats if beat.claim)
    # The token that the Pod sent is the one that the kubelet was given for it.
    sent, given = (dict(made.beat(name).rows) for name in ("assume", "token"))
    assert sent == given
    assert sent["sub"] == "system:serviceaccount:default:my-sa"


@pytest.mark.parametrize(
    ("beat_id", "old", "new"),
    [
        ("publish", '"kid": "', '"kid": "zz'),
        ("token_request", "86400", "3600"),
        ("buckets", "irsa-reports", "other-reports"),
    ],
)
def test_another_exchange_makes_another_beat(filmed, beat_id, old, new):
    made, found, heard = filmed()
    exchange = made.beat(beat_id).exchange
    field = "request_body" if old in exchange.request_body else "response_body"
    text = getattr(exchange, field)
    old = old if old in text else old.replace(": ", ":")
    assert old in text
    changed = replace(exchange, **{field: text.replace(old, new.replace(": ", ":") if old.count(": ") == 0 else new)})

    def swapped(exchanges):
        return tuple(changed if it == exchange else it for it in exchanges)

    reports = tuple(replace(report, exchanges=swapped(report.exchanges)) for report in found.walk)
    walk = replace(found.walk, reports=reports)
    again = film(walk, chain_state(walk, found.checks), swapped(heard))
    content = load("en")
    before, after = (one.beat(beat_id) for one in (made, again))
    assert after != before
    assert (after.values, after.arrivals) != (before.values, before.arrivals)
    if beat_id == "token_request":
        assert sentence(after, content, SUBJECT) != sentence(before, content, SUBJECT)


def test_where_no_one_can_listen_the_acts_of_others_are_unseen_and_what_came_of_them_is_read(filmed):
    _, found, _ = filmed()
    reports = tuple(
        replace(report, exchanges=tuple(it for it in report.exchanges if it.caller == "explorer"))
        for report in found.walk
    )
    walk = replace(found.walk, reports=reports)
    made = film(walk, chain_state(walk, found.checks))
    assert [beat.id for beat in made.beats] == WHOLE
    seen = {beat.id: beat.seen for beat in made.beats}
    assert Seen.HEARD not in seen.values()
    assert {name for name, how in seen.items() if how is Seen.READ} == {
        "publish", "register", "grant", "annotate", "patch", "mount",
    }  # fmt: skip
    assert {name for name, how in seen.items() if how is Seen.UNSEEN} == {
        "review", "token_request", "token", "discovery", "keys",
    }  # fmt: skip
    assert all(beat.exchange is None for beat in made.beats if beat.seen is Seen.UNSEEN)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_wrong_prediction_can_be_played(language):
    content = load(language)
    for step in Step:
        for option in QUESTIONS[step].options:
            beat = imagined(step, option)
            assert beat.end is End.STOPPED
            assert sentence(beat, content, SUBJECT)
