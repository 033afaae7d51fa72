"""The wiring: connections are shared by all walks of a simulation and go with it; warming up sends nothing."""

from __future__ import annotations

import gc
import json
import socket
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from app import wiring
from app.clients.aws import sdk
from app.commands.serve import uncollected
from app.flow.errors import Unreachable
from app.flow.port_wrappers.deadline import OUT_OF_TIME
from app.flow.ports import Cluster
from app.wiring import Choice
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from tests.contracts.scripted import scripted


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


def test_warming_up_reads_no_ca_of_the_persons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file was gone, `serve` printed a traceback as it started."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/not-there")
    monkeypatch.setattr(sdk.shared, "_clients", {})
    wiring.warm_up()


def test_garbage_is_looked_for_once_the_clients_are_loaded() -> None:
    asked: list[int] = []
    gc.callbacks.append(lambda phase, info: asked.append(info["generation"]))
    try:
        with uncollected():
            assert not gc.isenabled()
            wiring.warm_up()
            assert 2 not in asked  # no search through all that was loaded: 0.1 s for nothing
            assert gc.isenabled()
            assert gc.get_freeze_count()
    finally:
        gc.callbacks.pop()
        gc.unfreeze()
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()


@pytest.mark.parametrize("of", [wiring.cluster, wiring.writer])
def test_every_client_acts_as_the_user_that_the_kubeconfig_impersonates(
    of: Callable[[Choice], Cluster], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with scripted(200, b"{}", Content_Type="application/json") as server:
        config = {
            "current-context": "near",
            "contexts": [{"name": "near", "context": {"cluster": "near", "user": "me"}}],
            "clusters": [{"name": "near", "cluster": {"server": f"http://127.0.0.1:{server.port}"}}],
            "users": [{"name": "me", "user": {"as": "jane"}}],
        }
        (tmp_path / "config").write_text(json.dumps(config))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
        of(Choice()).version()
    assert server.headers()["impersonate-user"] == "jane"


def test_what_a_plugin_takes_is_taken_from_the_walk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": "made-up"}}
    plugin = {
        "apiVersion": version,
        "interactiveMode": "Never",
        "command": sys.executable,
        "args": ["-c", f"import time; time.sleep(0.3); print({json.dumps(json.dumps(credential))})"],
    }
    config = {
        "current-context": "slow",
        "contexts": [{"name": "slow", "context": {"cluster": "nowhere", "user": "me"}}],
        "clusters": [{"name": "nowhere", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {"exec": plugin}}],
    }
    (tmp_path / "config").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    ports = wiring.live(Choice(), seconds=0.25)
    with pytest.raises(Unreachable) as late:
        ports.cluster.version()
    assert late.value.code == OUT_OF_TIME
    assert ports.cluster.exchanges() == ()
