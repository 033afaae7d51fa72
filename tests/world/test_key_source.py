"""The chain of a new world, and where STS had the issuer's public keys from, by the exchanges of its walk."""

import pytest

from app.flow.model import Subject
from app.flow.steps.walk import walk
from app.flow.verdict.link_states import Keys, State, chain_state, key_source
from app.wiring import simulated

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")


@pytest.fixture
def walked(simulation, world):
    """Walks through the world as it is."""
    return lambda: walk(simulated(simulation, world), SUBJECT)


def test_in_a_whole_world_everything_passes(walked):
    assert {part.state for part in chain_state(walked()).parts} == {State.PASSED}


def test_keys_are_fetched_only_where_sts_asked_for_them(world, walked):
    assert key_source(walked()) is Keys.KEPT
    world.account.published_keys.clear()
    assert key_source(walked()) is Keys.FETCHED
