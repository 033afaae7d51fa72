"""The wiring: connections are shared by all walks of a simulation and go with it; warming up sends nothing."""

from __future__ import annotations

import gc
import socket
import weakref

import pytest

from app import wiring
from app.world.simulation import Simulation
from app.world.world import World


def test_ports_are_new_and_their_connections_are_not(simulation: Simulation, world: World) -> None:
    first, second = wiring.simulated(simulation, world), wiring.simulated(simulation, world)
    first.cluster.version()
    assert len(first.cluster.exchanges()) == 1
    assert second.cluster.exchanges() == ()
    assert wiring._transports(simulation) is wiring._transports(simulation)


def test_worlds_do_not_see_each_other(simulation: Simulation, world: World) -> None:
    other = simulation.world("wiring-other")
    ports, others = wiring.simulated(simulation, world), wiring.simulated(simulation, other)
    issuers = [each.cluster.discovery()["issuer"] for each in (ports, others, ports)]
    assert issuers == [world.issuer, other.issuer, world.issuer]
    assert ports.aws.caller_identity()["Account"] == world.account_id
    assert others.aws.caller_identity()["Account"] == other.account_id
    simulation.store.discard("wiring-other")


def test_connections_go_with_their_simulation() -> None:
    with Simulation() as running:
        wiring.simulated(running, running.world("a")).cluster.version()
        transports = weakref.ref(wiring._transports(running)[0])
    del running
    gc.collect()
    assert transports() is None


def test_warming_up_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    wiring.warm_up()
