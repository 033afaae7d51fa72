"""Every fault can be taken back: the world is then what it was."""

import asyncio

import pytest

from app.world import edits
from app.world.apiserver.types.errors import ApiError
from app.world.faults import FAULTS, CannotBeInjected
from app.world.faults.fault import Fault
from app.world.lifecycle import world_snapshot
from app.world.lifecycle.world_store import WorldGone
from tests.world.state import COPIED, classes_in, state_of

pytestmark = pytest.mark.one_world


@pytest.mark.parametrize(
    "fault_id", [pytest.param(it, marks=pytest.mark.large if place % 3 else ()) for place, it in enumerate(FAULTS)]
)
def test_a_fault_that_is_fixed_leaves_nothing(simulation, world, fault_id):
    """In `make test` every third one: `test_every_fault` goes back to the world before each."""
    world.kubelet.rest(600)  # it would look again at what a fault made overdue
    before = state_of(world)
    simulation.inject(world, fault_id)
    assert world.faults == (fault_id,)
    broken = state_of(world)
    assert broken != before
    # Back to the broken world, and from there back once more: both moments are whole.
    saved = simulation.save(world)
    assert classes_in(saved) <= COPIED
    assert state_of(world) == broken
    simulation.revert(world)
    assert state_of(world) == before
    simulation.restore(world, saved)
    assert state_of(world) == broken
    simulation.revert(world)
    assert state_of(world) == before


def test_faults_add_up_and_go_together(simulation, world):
    before = state_of(world)
    simulation.inject(world, "F01", "F21")
    simulation.inject(world, "F21", "F45")
    assert world.faults == ("F01", "F21", "F45")
    simulation.revert(world)
    assert (world.faults, world.before_faults) == ((), None)
    assert state_of(world) == before
    simulation.revert(world)
    assert state_of(world) == before


def test_an_unknown_fault_causes_none(simulation, world):
    before = state_of(world)
    with pytest.raises(KeyError, match="F99"):
        simulation.inject(world, "F01", "F99")
    assert state_of(world) == before


def test_where_a_fault_cannot_be_caused_none_is(simulation, world, monkeypatch):
    async def fail(world):
        await FAULTS["F21"].cause_it(world)
        raise ApiError(500, "InternalError", "no")

    failing = {name: getattr(FAULTS["F21"], name) for name in Fault.__dataclass_fields__} | {"cause_it": fail}
    monkeypatch.setattr("app.world.faults.FAULTS", {**FAULTS, "F21": Fault(**failing)})
    before = state_of(world)
    with pytest.raises(CannotBeInjected, match="F21: no"):
        simulation.inject(world, "F01", "F21")
    assert state_of(world) == before


@pytest.mark.parametrize("gone", ["discard", "reset"])
def test_of_a_world_that_is_gone_nothing_changes(simulation, gone):
    world = simulation.world("gone")
    simulation.inject(world, "F32")
    if gone == "discard":
        simulation.store.discard("gone")
    else:
        assert simulation.reset("gone").faults == ()
    for change in (
        *(simulation.revert, simulation.save, lambda it: simulation.inject(it, "F21")),
        lambda it: simulation.edit(it, edits.recreate_pod(it)),
    ):
        with pytest.raises(WorldGone, match="no longer kept"):
            change(world)
    assert not world.directory.exists()
    simulation.store.discard("gone")


def test_who_edits_a_world_that_goes_meanwhile_hears_of_it(simulation):
    world = simulation.world("goes")

    async def write():
        await edits.recreate_pod(world)
        simulation.store.discard("goes")

    with pytest.raises(WorldGone, match="no longer kept"):
        simulation.edit(world, write())


def test_the_world_changes_as_a_whole_by_one_hand_at_a_time(simulation, world):
    saved, before = simulation.save(world), state_of(world)

    async def two_tabs():
        async with world.changing:
            other = asyncio.create_task(_restore(world, saved))
            await FAULTS["F21"].cause_it(world)
            assert not other.done()
        await other

    simulation.run(two_tabs())
    assert state_of(world) == before


async def _restore(world, saved):
    async with world.changing:
        await world_snapshot.restore(world, saved)
