"""Which worlds are kept, and which go; the life of a simulation."""

import socket
import threading
from types import SimpleNamespace

import pytest

from app.world.lifecycle import world_store
from app.world.lifecycle.simulation import Simulation
from app.world.lifecycle.world_store import NEW_AT_ONCE, NoRoom, WorldStore
from tests.waiting import eventually


class Clock:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def dropped():
    return []


@pytest.fixture
def make_store(clock, dropped):
    def make(capacity, own=""):
        return WorldStore(
            capacity=capacity,
            idle_seconds=60,
            drop=lambda world: dropped.append(world.path),
            own=own,
            acted_in=lambda world: world.acted,
            now=clock,
        )

    return make


@pytest.fixture
def store(make_store):
    return make_store(3)


def a_world(name, acted=False):
    accounts = [SimpleNamespace(account_id=f"{number}{name}") for number in (1, 2)]
    return SimpleNamespace(
        acted=acted,
        usage=SimpleNamespace(touched=False),
        path=name,
        issuer_id=name.upper(),
        issuer=f"https://issuer/id/{name.upper()}",
        account_id=f"1{name}",
        account=accounts[0],
        other_account=accounts[1],
    )


def fill(store, *names):
    for name in names:
        store.put(name, a_world(name))


def test_a_world_is_found_by_all_its_names(store):
    world = a_world("a")
    store.put("key", world)
    assert store.get("key") is world
    assert store.by_path("a") is world
    assert store.account("2a") is world.other_account
    assert store.by_issuer("A") is world
    assert store.account("1a") is world.account
    assert store.account_by_path("a") is world.account


def test_names_are_not_mistaken_for_each_other(store):
    store.put("key", a_world("a"))
    assert store.by_path("A") is None
    assert store.by_issuer("a") is None
    assert store.account("a") is None
    assert store.get("a") is None


def test_an_account_is_found_by_the_whole_address_of_its_issuer(store):
    fill(store, "a")
    world = store.get("a")
    assert store.account_by_issuer(world.issuer) is world.account
    assert store.account_by_issuer("https://elsewhere/id/A") is None
    assert store.account_by_issuer("https://issuer/id/B") is None


def test_why_a_world_went_is_remembered_of_the_last_ones_alone(store, clock, monkeypatch):
    monkeypatch.setattr(world_store, "GONE_LIMIT", 2)
    fill(store, "a", "b", "c")
    clock.time = 61
    assert store.expire() == 3
    assert [store.why_gone(key) for key in ("a", "b", "c")] == [None, "idle", "idle"]


def test_the_longest_unused_goes_when_one_too_many_comes(store, dropped):
    fill(store, "a", "b", "c")
    store.get("a")
    fill(store, "d")
    assert dropped == ["b"]
    assert store.by_path("b") is None
    assert len(store) == 3


def client(store, name):
    store.by_path(name).usage.touched = True  # as the API server and AWS note what clients send


@pytest.mark.parametrize("use", [WorldStore.get, client])
def test_use_keeps_a_world_alive(store, clock, dropped, use):
    fill(store, "a", "b")
    clock.time = 50
    use(store, "a")
    store.expire()
    clock.time = 70
    assert store.expire() == 1
    assert dropped == ["b"]


def test_less_than_the_usual_time_may_be_enough_and_more_is_not_waited_for(store, clock, dropped):
    fill(store, "a")
    clock.time = 30
    fill(store, "b")
    clock.time = 40
    assert (store.expire(20), dropped) == (1, ["a"])
    clock.time = 90
    assert (store.expire(1000), dropped) == (1, ["a", "b"])


@pytest.mark.parametrize("found", ["by_path", "account_by_path", "by_token_name"])
def test_what_servers_and_pods_send_each_other_is_no_use(store, clock, dropped, found):
    fill(store, "a")
    clock.time = 50
    assert getattr(store, found)("a")
    clock.time = 70
    assert store.expire() == 1


def test_a_world_that_a_client_used_is_not_the_longest_unused(store, dropped):
    fill(store, "a", "b", "c")
    client(store, "a")
    fill(store, "d")
    assert dropped == ["b"]


def test_the_same_key_again_replaces_the_world(store, dropped):
    store.put("key", a_world("a"))
    store.put("key", a_world("b"))
    assert dropped == ["a"]
    assert store.by_path("a") is None
    assert store.get("key").path == "b"


def test_discard_and_clear(store, dropped):
    fill(store, "a", "b", "c")
    store.discard("b")
    store.discard("unknown")
    store.clear()
    assert dropped == ["b", "a", "c"]
    assert len(store) == 0


def test_a_dropped_world_leaves_no_files(simulation):
    world = simulation.world("to-drop")
    assert list(world.directory.rglob("token"))
    simulation.store.discard("to-drop")
    eventually(lambda: not world.directory.exists())


def test_one_world_per_key_for_callers_that_ask_at_once(simulation):
    found = []
    threads = [threading.Thread(target=lambda: found.append(simulation.world("many"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(world) for world in found}) == 1
    assert {pod["status"]["phase"] for pod in found[0].cluster.list("pods")} == {"Failed", "Succeeded"}
    simulation.store.discard("many")


def test_more_worlds_than_the_cap():
    with Simulation(capacity=2) as simulation:
        first = simulation.world("1")
        simulation.world("2")
        simulation.world("3")
        assert len(simulation.store) == 2
        assert simulation.store.by_path(first.path) is None
        assert simulation.world("1") is not first


def test_what_cannot_be_made_is_not_kept(simulation, monkeypatch):
    async def broken(world):
        raise RuntimeError("broken")

    monkeypatch.setattr("app.world.setup.scenario.seed", broken)
    before = len(simulation.store)
    with pytest.raises(RuntimeError, match="broken"):
        simulation.world("never")
    assert len(simulation.store) == before
    monkeypatch.undo()
    assert simulation.world("never")
    simulation.store.discard("never")


def test_a_taken_port_is_reported_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(OSError, match="in use"):
            Simulation(aws_port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            Simulation(kubernetes_port=taken.getsockname()[1])


def test_stopping_frees_ports_files_and_threads():
    simulation = Simulation()
    simulation.start()
    world = simulation.world("x")
    port = int(simulation.aws_url.rpartition(":")[2])
    simulation.stop()
    simulation.stop()
    assert not world.directory.parent.exists()
    with socket.create_server(("127.0.0.1", port)):
        pass
    with pytest.raises(RuntimeError):
        simulation.world("x")


def test_a_simulation_that_was_never_started_can_be_stopped():
    simulation = Simulation()
    simulation.stop()
    with pytest.raises(RuntimeError):
        simulation.world("x")


def put(store, name, visitor="", acted=False):
    store.put(name, a_world(name, acted), visitor)


def test_what_nobody_acted_in_goes_before_what_is_longer_unused(store, dropped):
    put(store, "old", "x", acted=True)
    fill(store, "b", "c", "d")
    assert dropped == ["b"]
    assert store.why_gone("b") == "evicted"
    assert store.why_gone("b") is None


def test_a_world_that_was_reset_or_discarded_meanwhile_is_not_evicted(store, dropped):
    put(store, "a")
    weighed = store.get("a")
    put(store, "a")
    store.evict("a", weighed)
    assert store.get("a") is not None
    store.discard("a")
    store.evict("a", weighed)
    assert (dropped, store.why_gone("a")) == (["a", "a"], None)


def test_strangers_push_out_their_own_worlds(make_store, dropped):
    store = make_store(8)
    for number in range(10):
        put(store, f"s{number}", "stranger")
    assert len(store) == 6  # an address has three quarters
    put(store, "looked", "reader")
    put(store, "acted", "reader", acted=True)
    for number in range(10, 50):
        put(store, f"s{number}", "stranger")
    assert store.by_path("looked")
    assert store.by_path("acted")
    assert {name[0] for name in dropped} == {"s"}
    assert len(store) == 8


def test_two_strangers_leave_a_third_a_world(make_store, dropped):
    store = make_store(16)
    for visitor in ("a", "b"):
        for number in range(16):
            put(store, f"{visitor}{number}", visitor, acted=True)
    assert len(store) == 15
    dropped.clear()
    put(store, "c", "c")
    assert dropped == []


def test_the_own_world_never_goes(make_store, clock, dropped):
    store = make_store(3, own="mine")
    fill(store, "mine", "b", "c", "d", "e")
    assert dropped == ["b"]
    clock.time = 61
    store.expire()
    assert sorted(dropped) == ["b", "c", "d", "e"]


def test_a_new_address_takes_the_room_of_the_address_with_most_worlds(make_store, dropped):
    store = make_store(4)
    for name, visitor in (("a", "one"), ("b", "many"), ("c", "many"), ("d", "two")):
        put(store, name, visitor)
    put(store, "e", "three")
    assert dropped == ["b"]


def test_worlds_that_others_acted_in_are_never_evicted(make_store, clock, dropped):
    store = make_store(3)
    for name in "abc":
        put(store, name, name, acted=True)
    clock.time = 20
    with pytest.raises(NoRoom) as refused:
        put(store, "d", "d")
    assert refused.value.seconds == 40
    assert dropped == []
    assert store.by_path("d") is None


def test_a_room_starts_together_and_no_more_than_that(make_store, clock):
    store = make_store(5000)
    for number in range(NEW_AT_ONCE):
        put(store, f"r{number}", "room")
    with pytest.raises(NoRoom):
        put(store, "one more", "room")
    put(store, "another", "elsewhere")
    clock.time = 2
    put(store, "one more", "room")
    assert NEW_AT_ONCE >= 300


def test_who_is_no_visitor_may_make_any_number(make_store):
    store = make_store(5000)
    for number in range(NEW_AT_ONCE + 10):
        put(store, f"r{number}", None)
    assert len(store) == NEW_AT_ONCE + 10


def test_a_lost_idle_world_is_reported(store, clock):
    fill(store, "a")
    clock.time = 70
    store.expire()
    assert store.why_gone("a") == "idle"
