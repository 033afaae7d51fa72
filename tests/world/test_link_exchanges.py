"""What went over each link of the chain, by the exchanges of a new world."""

import pytest

from app.flow.model import Subject
from app.flow.steps.walk import walk
from app.flow.verdict.link_states import Keys, State, chain_state
from app.wiring import simulated

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")


@pytest.fixture
def walked(simulation, world):
    """Walks through the world as it is."""
    return lambda: chain_state(walk(simulated(simulation, world), SUBJECT))


def test_in_a_whole_world_everything_passes_and_says_what_it_carried(walked):
    chain = walked()
    assert {part.state for part in chain.parts} == {State.PASSED}
    carried = {link.id: (link.carried, link.returned) for link in chain.links if link.carried or link.returned}
    assert carried["token_request"] == ("token_request", "")
    assert carried["token"] == ("token", "")
    assert carried["assume"] == ("token", "credentials")
    assert carried["call"] == ("signed_request", "bucket_list")
    assert [exchange.caller for exchange in chain.link("token_request").exchanges] == ["kubelet"]
    assert [exchange.caller for exchange in chain.link("review").exchanges] == ["kube-apiserver"]


def test_keys_are_fetched_only_where_sts_asked_for_them(world, walked):
    chain = walked()
    assert (chain.keys, chain.link("keys").returned, chain.link("keys").exchanges) == (Keys.KEPT, "", ())
    world.account.published_keys.clear()
    chain = walked()
    assert (chain.keys, chain.link("keys").returned) == (Keys.FETCHED, "public_keys")
    assert {exchange.caller for exchange in chain.link("keys").exchanges} == {"sts"}
