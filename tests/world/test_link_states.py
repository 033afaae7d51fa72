"""Every fault, caused for real: which part of the chain is red, and what is drawn before and after it."""

import pytest

from app.flow.doctor import examine
from app.flow.model import Subject
from app.flow.verdict.blame import PART_OF_CHECK
from app.flow.verdict.link_states import State, after_any, chain_state
from app.wiring import simulated
from app.world.faults import FAULTS

pytestmark = pytest.mark.one_world

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
SEVERAL = {"F15": ["provider", "policy"]}
"""Where two checks fail by causes of their own: another issuer has the provider, and the policy names that one."""
NO_PART = {"pod.application": {"kubelet", "assume", "call"}, "sts.credentials": {"sts", "provider"}}
"""Checks that convict another part by the step in which their cause lies."""
UNANSWERED = {"webhook": "review", "mount": "token_request"}
"""A call that nobody answered is guilty in place of the part that waited for what it brings."""


@pytest.fixture
def examined(simulation, world):
    """Examines the world as it is, with a fault or without one."""

    def examine_under(*fault_ids):
        if fault_ids:
            simulation.inject(world, *fault_ids)
        return examine(simulated(simulation, world), SUBJECT)

    return examine_under


@pytest.mark.parametrize("fault_id", FAULTS)
def test_of_every_fault_one_part_is_red_and_nothing_after_it_is_drawn_as_passed(examined, fault_id):
    found = examined(fault_id)
    chain, verdict = chain_state(found.walk, found.checks), found.verdict
    red = [part.id for part in chain.parts if part.state is State.FAILED]

    # (1) The guilty one is that of the verdict; no other part has a check.
    if FAULTS[fault_id].harmless:
        assert red == []
        assert {part.state for part in chain.parts} == {State.PASSED}
        return
    assert [part.id for part in chain.guilty] == SEVERAL.get(fault_id, red)
    assert len(red) == len(SEVERAL.get(fault_id, [fault_id]))
    guilty = chain.guilty[0]
    assert guilty.check == verdict.check
    expected = PART_OF_CHECK.get(verdict.check.id)
    allowed = {expected, UNANSWERED.get(expected)} | NO_PART.get(verdict.check.id, set())
    assert guilty.id in allowed

    # (2) What needs it has not passed.
    guilty_ids = dict.fromkeys(red)
    assert [part.id for part in chain.parts if part.state is State.PASSED and after_any(part.id, guilty_ids)] == []

    # (3) No link whose checks all passed is red.
    by_id = {check.id: check.status for report in found.walk for check in report.checks}
    by_id |= {check.id: check.status for check in found.checks}
    assert all(by_id[part.check.id] not in ("passed", "not_reached") for part in chain.guilty)

    # (4) Where it shows is drawn as reached.
    shows = {"token_mount": "mount", "sts_assume": "assume", "access": "call"}[verdict.seen.step]
    assert chain.link(shows).state in (State.SYMPTOM, State.FAILED)


def test_a_condition_that_does_not_match_leaves_the_other_arrows_alone(examined):
    chain = chain_state(examined("F21").walk)
    states = {part.id: part.state for part in chain.parts}
    assert states["policy"] is State.FAILED
    assert {states[it] for it in ("annotation", "keys", "trust", "publish", "token", "mount")} == {State.PASSED}
    assert (states["assume"], states["call"], states["s3"]) == (State.SYMPTOM, State.NOT_REACHED, State.NOT_REACHED)
