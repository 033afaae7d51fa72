"""What the worlds take in memory together is bounded: the heaviest go first."""

import threading
import time

from app.world.aws.entities import StoredObject
from app.world.lifecycle import simulation as lifecycle
from app.world.lifecycle import world_weight
from app.world.lifecycle.simulation import Simulation
from app.world.lifecycle.world_weight import WorldMemory, too_heavy, weight
from tests.waiting import eventually

KILOBYTE = 1024


def test_the_heaviest_go_until_there_is_room_for_the_others():
    weights = {"light": 1, "heavy": 50, "middle": 20, "ordinary": 2}
    assert too_heavy(weights, 73) == []
    assert too_heavy(weights, 72) == ["heavy"]
    assert too_heavy(weights, 10) == ["heavy", "middle"]
    assert too_heavy({}, 0) == []


def test_what_is_put_into_a_world_or_kept_of_it_counts(simulation):
    world = simulation.world("weighed")

    async def change(text):
        world.cluster.put("configmaps", {"metadata": {"name": "big", "namespace": "default"}, "data": {"k": text}})

    empty = weight(world)
    assert 200 * KILOBYTE < empty < 800 * KILOBYTE, "0.4 MiB, as tests.world.test_world_bytes has it"
    simulation.run(change("x" * 200 * KILOBYTE))
    full = weight(world)
    assert 500 * KILOBYTE < full - empty < 1000 * KILOBYTE
    saved = simulation.save(world)
    simulation.run(change(""))
    assert weight(world) - empty > 600 * KILOBYTE, "of its history, and of what is saved"
    del saved
    assert weight(world) - empty < 600 * KILOBYTE
    less = weight(world)
    world.kubelet.runtime.memory.take(900 * KILOBYTE)
    assert weight(world) - less == 900 * KILOBYTE, "of what its programs hold"
    world.kubelet.runtime.memory.free()
    less = weight(world)
    bucket = next(iter(world.account.buckets.values()))
    headers = {f"x-amz-meta-{number}": "" for number in range(1000)}
    bucket.objects["x"] = StoredObject(body=b"", content_type="", etag="", modified=0.0, headers=headers)
    assert weight(world) - less > 100 * KILOBYTE, "of an object's metadata"


def test_a_world_that_takes_the_memory_of_the_others_goes(monkeypatch):
    monkeypatch.setattr(lifecycle, "SWEEP_SECONDS", 0.05)
    with Simulation(memory=WorldMemory(room=2500 * KILOBYTE)) as simulation:
        reader, hoarder = simulation.world("reader", "a"), simulation.world("hoarder", "b")

        async def fill():
            for number in range(6):
                metadata = {"name": f"big-{number}", "namespace": "default"}
                hoarder.cluster.put("configmaps", {"metadata": metadata, "data": {"k": "x" * 200 * KILOBYTE}})

        simulation.run(fill())
        eventually(lambda: simulation.store.get("hoarder") is None)
        assert simulation.store.get("reader") is reader
        assert simulation.store.why_gone("hoarder") == "evicted"


def test_a_world_that_nobody_uses_goes_once_memory_is_short(monkeypatch):
    monkeypatch.setattr(lifecycle, "SWEEP_SECONDS", 0.05)
    monkeypatch.setattr(world_weight, "SHORT_SECONDS", 0)
    short = threading.Event()
    with Simulation(memory=WorldMemory(is_short=short.is_set)) as simulation:
        simulation.world("reader")
        time.sleep(0.2)
        assert len(simulation.store) == 1
        short.set()
        eventually(lambda: len(simulation.store) == 0)
