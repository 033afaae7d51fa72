"""Every fault, caused once and for real: all that is made of what the doctor then finds, by four who look at it."""

from dataclasses import dataclass

import pytest

from app.content import LANGUAGES, load
from app.flow.doctor import Diagnosis, examine
from app.flow.film import End, film
from app.flow.lessons.reproduction import Reproduction, reproduction
from app.flow.model import Exchange, Status, Subject
from app.flow.verdict.blame import PART_OF_CHECK
from app.flow.verdict.judge import Outcome
from app.flow.verdict.link_states import State, after_any, chain_state
from app.ui.map.film_json import film_json
from app.wiring import simulated
from app.world.faults import FAULTS
from app.world.faults.fault import Fault
from app.world.setup.scenario import ARTICLE
from app.world.usage import CAPACITY
from tests.world.state import state_of
from tests.world.test_faults import WORKS_ANYWAY, shown_text

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
SEVERAL = {"F15": ["provider", "policy"]}
"""Where two checks fail by causes of their own: another issuer has the provider, and the policy names that one."""
NO_PART = {"pod.application": {"kubelet", "assume", "call"}, "sts.credentials": {"sts", "provider", "role"}}
"""Checks that convict another part by the step in which their cause lies."""
UNANSWERED = {"webhook": "review", "mount": "token_request"}
"""A call that nobody answered is guilty in place of the part that waited for what it brings."""


@dataclass(frozen=True, kw_only=True)
class Caused:
    """A fault that is in force, and what was found of it."""

    fault: Fault
    text: str
    """What the fault says that the product says."""
    found: Diagnosis
    heard: tuple[Exchange, ...]
    """All that was sent, from the world's setup on."""


@pytest.fixture(scope="module", params=FAULTS)
def caused(request, simulation, files_world):
    """Each fault is examined once, which takes longer than all that is asked of it."""
    world, saved, before = files_world
    simulation.inject(world, request.param)
    found = examine(simulated(simulation, world), SUBJECT)
    heard = (*world.log.setup(), *world.log.exchanges())
    fault = FAULTS[request.param]
    yield Caused(fault=fault, text=fault.text(world), found=found, heard=heard)
    simulation.restore(world, saved)
    world.usage.quota.take(-CAPACITY)  # no snapshot takes back what was used
    assert state_of(world) == before


def test_a_walk_names_the_step_and_the_words(caused):
    """What a fault says of itself is what the walk finds, letter by letter: none of it reads the fault."""
    fault, verdict = caused.fault, caused.found.verdict
    checks = (*caused.found.checks, *caused.found.walk.checks)
    wrong = [check for check in checks if check.status in (Status.FAILED, Status.WARNING)]
    assert [check.id for check in wrong if not (check.got and check.expected and check.where)] == []
    if fault.id in WORKS_ANYWAY:
        assert (verdict.outcome, verdict.status, verdict.step, fault.seen) == (Outcome.WORKS, Status.PASSED, None, None)
        return
    assert verdict.step is fault.step, verdict
    if fault.harmless:
        assert (verdict.outcome, verdict.status, fault.seen) == (Outcome.WORKS, Status.WARNING, None)
        return
    assert (verdict.outcome, verdict.status) == (Outcome.BROKEN, Status.FAILED)
    assert verdict.seen.step is fault.seen, verdict.seen
    assert shown_text(verdict) == caused.text


def test_of_every_fault_one_part_is_red_and_nothing_after_it_is_drawn_as_passed(caused):
    found, fault = caused.found, caused.fault
    chain, verdict = chain_state(found.walk, found.checks), found.verdict
    red = [part.id for part in chain.parts if part.state is State.FAILED]

    # (1) The guilty one is that of the verdict; no other part has a check.
    if fault.harmless:
        assert red == []
        assert {part.state for part in chain.parts} == {State.PASSED}
        return
    assert [part.id for part in chain.guilty] == SEVERAL.get(fault.id, red)
    assert len(red) == len(SEVERAL.get(fault.id, [fault.id]))
    guilty = chain.guilty[0]
    assert guilty.check == verdict.check
    expected = PART_OF_CHECK.get(verdict.check.id)
    allowed = {expected, UNANSWERED.get(expected)} | NO_PART.get(verdict.check.id, set())
    assert guilty.id in allowed

    # (2) What needs it has not passed.
    guilty_ids = dict.fromkeys(red)
    assert [part.id for part in chain.parts if part.state is State.PASSED and after_any(part.id, guilty_ids)] == []

    # (3) No link whose checks all passed is red.
    by_id = {check.id: check.status for check in found.walk.checks}
    by_id |= {check.id: check.status for check in found.checks}
    assert all(by_id[part.check.id] not in ("passed", "not_reached") for part in chain.guilty)

    # (4) Where it shows is drawn as reached.
    shows = {"token_mount": "mount", "sts_assume": "assume", "access": "call"}[verdict.seen.step]
    assert chain.link(shows).state in (State.SYMPTOM, State.FAILED)


def test_a_condition_that_does_not_match_leaves_the_other_arrows_alone(simulation, world):
    simulation.inject(world, "F21")
    chain = chain_state(examine(simulated(simulation, world), SUBJECT).walk)
    states = {part.id: part.state for part in chain.parts}
    assert states["policy"] is State.FAILED
    assert {states[it] for it in ("annotation", "keys", "trust", "publish", "token", "mount")} == {State.PASSED}
    assert (states["assume"], states["call"], states["s3"]) == (State.SYMPTOM, State.NOT_REACHED, State.NOT_REACHED)


def test_the_film_stops_where_the_verdict_says_and_blames_what_the_verdict_blames(caused):
    found, verdict = caused.found, caused.found.verdict
    chain = chain_state(found.walk, found.checks)
    made = film(found.walk, chain, caused.heard)
    if caused.fault.harmless:
        assert (made.guilty, made.shows) == ((), "")
        return
    assert made.guilty == tuple(part.id for part in chain.guilty)
    assert made.beats[-1].id == made.shows
    assert [beat.id for beat in made.beats if beat.end is End.STOPPED] == [made.shows]
    assert made.shows_in is verdict.seen.step
    assert made.lies_in is verdict.step
    assert made.beats[-1].words == verdict.seen.text
    # The cause is on the way, in a beat of its own, unless it lies where the film stops.
    assert [beat.step for beat in made.beats if beat.check == verdict.check] == [made.lies_in]
    assert all(beat.exchange for beat in made.beats)
    for language in LANGUAGES:
        assert film_json(made, load(language), SUBJECT, {})


def test_what_any_fault_of_the_catalogue_does_is_reproduced_by_one(caused):
    """Its check can be convicted, so no page may say that nothing is there for it."""
    found = reproduction(caused.found, ARTICLE)
    if caused.fault.id in WORKS_ANYWAY:
        assert found is None
    else:
        assert isinstance(found, Reproduction)
