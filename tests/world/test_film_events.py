"""What the world does while its clock moves, and what a thief tries, as beats of the real exchanges."""

import time
from dataclasses import replace

import pytest

from app.flow.film import End, Seen, attempt, events
from app.flow.model import Subject
from app.flow.names import DEFAULT_AUDIENCE
from app.ui.draw.server_answers import Answer
from app.ui.thief import probes as thief
from app.ui.time_machine.news import news
from app.ui.time_machine.probes import first, moment
from app.wiring import simulated
from app.world.lifecycle.history import History
from app.world.servers.token_review import token_review, who_am_i

pytestmark = pytest.mark.one_world

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
HOUR = 3600


def pod(world):
    return world.cluster.find("pods", SUBJECT.namespace, SUBJECT.pod).copy()


def since(world, begun):
    """What was sent since then; the log drops the oldest when it is full."""
    return tuple(it for it in world.log.exchanges() if it.started >= begun)


@pytest.fixture
def stops(simulation, world):
    """Goes to places: what was sent on the way to each, the answers there, and what Pods and STS sent since."""
    kept = first(simulated(simulation, world), SUBJECT)
    history = simulation.run(History.begin(world))

    def go(*places):
        found = []
        for place in places:
            begun = time.time()
            simulation.run(history.go(place))
            moved = since(world, begun)
            review = simulation.run(token_review(world, kept.token, DEFAULT_AUDIENCE))
            asked = moment(simulated(simulation, world), kept, review, SUBJECT)
            found.append((moved, asked, since(world, begun)[len(moved) :]))
        return found

    return go


def test_a_day_brings_the_new_token_and_the_pod_takes_it_to_sts(stops, world):
    ((moved, asked, heard),) = stops(19.2 * HOUR + 1)
    beats = news(moved, heard, asked, None, pod(world))
    ids = [beat.cue for beat in beats if beat.cue not in ("discovery", "keys")]
    assert ids == ["token_request", "token", "mount", "assume", "credentials"]
    by_id = {beat.cue: beat for beat in beats}
    assert by_id["token"].exchange.caller == "kubelet"
    assert by_id["mount"].seen is Seen.READ
    # The Pod's program sends the token that the kubelet has just received.
    assert by_id["assume"].exchange.caller == "pod"
    assert by_id["assume"].rows == by_id["token"].rows


def test_the_end_of_the_session_is_a_refusal_after_which_the_pod_gets_another(stops, world):
    (_, before, _), (moved, asked, heard) = stops(HOUR / 2, HOUR + 1)
    refused, *others = news(moved, heard, asked, before, pod(world))
    assert (refused.cue, refused.end, refused.seen) == ("call", End.REFUSED, Seen.ASKED)
    assert refused.words.startswith("ExpiredToken: ")
    assert [beat.cue for beat in others if beat.cue not in ("discovery", "keys")] == [
        "assume", "credentials", "call", "buckets",
    ]  # fmt: skip
    assert {beat.exchange.caller for beat in others} <= {"pod", "sts"}


def test_sts_refuses_the_first_token_once_its_grace_is_over_and_that_is_shown_once(stops, world):
    before, then, later = stops(24 * HOUR + 60, 24 * HOUR + 400, 25 * HOUR)
    beats = news(then[0], then[2], then[1], before[1], pod(world))
    (refused,) = [beat for beat in beats if beat.end is End.REFUSED]
    assert refused.words.startswith("ExpiredTokenException: Token expired")
    assert all(beat.end is not End.REFUSED for beat in news(later[0], later[2], later[1], then[1], pod(world)))


def test_nothing_new_is_no_beat(stops, world):
    (_, before, _), (moved, asked, heard) = stops(2 * HOUR, 3 * HOUR)
    assert moved  # the tokens for the API server are renewed each hour
    assert news(moved, heard, asked, before, pod(world)) == ()


@pytest.mark.parametrize(
    ("beat_id", "field", "old", "new"),
    [
        ("token_request", "request_body", "86400", "7200"),
        ("credentials", "response_body", "<AccessKeyId>ASIA", "<AccessKeyId>ASIX"),
    ],
)
def test_another_exchange_makes_another_beat(stops, world, beat_id, field, old, new):
    ((moved, _, heard),) = stops(19.2 * HOUR + 1)
    exchanges = [*moved, *heard]

    def beat(sent):
        return next(it for it in events(sent, pod(world)) if it.cue == beat_id)

    before = beat(exchanges)
    text = getattr(before.exchange, field)
    assert old in text
    changed = replace(before.exchange, **{field: text.replace(old, new)})
    after = beat([changed if it is before.exchange else it for it in exchanges])
    assert (after.values, after.arrivals) != (before.values, before.arrivals)


def test_each_attempt_of_a_thief_is_the_beat_of_its_exchange(simulation, world):
    ports = simulated(simulation, world)
    loot = thief.copy(ports, SUBJECT)
    begun = time.time()
    simulation.run(who_am_i(world, loot.token))
    (asked,) = since(world, begun)
    used = thief.use(simulated(simulation, world), loot, SUBJECT, Answer(taken=False), asked)
    beats = {name: attempt(name, exchange) for name, exchange in used.sent}
    assert {name: beat.end for name, beat in beats.items()} == {
        "sts": End.LET_IN,
        "identity": End.LET_IN,
        "s3": End.LET_IN,
        "api_server": End.REFUSED,
        "other_token": End.REFUSED,
        "other_role": End.REFUSED,
        "role_without_sub": End.LET_IN,
    }
    # As the lists say it.
    answers = {"sts": used.sts, **dict(used.then), **{name: it for name, it in used.others if name != "api_server"}}
    assert {name: answer.taken for name, answer in answers.items()} == {
        name: beat.end is End.LET_IN for name, beat in beats.items() if name != "api_server"
    }
    assert beats["api_server"].words == "401 Unauthorized"
    assert beats["other_role"].words == "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
    assert beats["identity"].values["arn"] == used.then[0][1].got
    assert dict(attempt("copy", loot.exchange).rows)["sub"] == loot.claims["sub"]
    # What another door says makes another beat.
    name, exchange = used.sent[0]
    assert attempt(name, replace(exchange, status=403, response_body="")).end is End.REFUSED
