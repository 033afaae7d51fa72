"""The doctor waits for hardly more answers in turn than `kubectl get pod,sa` does: counted at the server."""

import dataclasses
import os
import shutil
import subprocess
import threading

import pytest

from app import wiring
from app.clients.kubernetes.asked_ahead import AskedAhead
from app.commands.doctor_sources import examined
from app.content import load
from app.flow.errors import NotFound, Unreachable
from app.flow.model import Exchange, Step, Subject
from app.flow.port_wrappers.consent import NOTHING
from app.wiring import Choice
from app.world.setup import tool_files
from tests.waiting import unhurried
from tests.world.waves import counted

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
MORE = 2
"""Round trips that the doctor may need beyond kubectl's."""


@pytest.fixture
def api_server():
    with counted() as found:
        yield found


@pytest.mark.cli
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on the PATH")
def test_the_doctor_waits_hardly_more_often_than_kubectl(api_server, monkeypatch, tmp_path):
    simulation, waves = api_server
    world = simulation.world("counted")
    kubeconfig = tmp_path / tool_files.KUBECONFIG
    kubeconfig.write_bytes(tool_files.files(simulation, world)[tool_files.KUBECONFIG])
    unhurried(monkeypatch)
    for name, value in (tool_files.aws_environment(simulation, world) | {"KUBECONFIG": str(kubeconfig)}).items():
        monkeypatch.setenv(name, value)

    # (1) kubectl, which knows from an earlier call what the server offers.
    command = ["kubectl", "-n", "default", "get", "pod,sa"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(kubeconfig)}
    for _ in range(2):
        waves.waves.clear()
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    wanted = len(waves.waves)

    # (2) The doctor, which chooses the Pod itself and only reads.
    live, issuer = wiring.live, wiring.simulated(simulation, world).issuer
    monkeypatch.setattr(wiring, "live", lambda choice, **more: dataclasses.replace(live(choice, **more), issuer=issuer))
    waves.waves.clear()
    found = examined(Choice(), dataclasses.replace(SUBJECT, pod=""), NOTHING, load("en"))
    assert found.subject == SUBJECT
    assert all(found.walk.report(step).exchanges for step in (Step.OIDC_PROVIDER, Step.SERVICE_ACCOUNT, Step.WEBHOOK))
    assert len(waves.waves) <= wanted + MORE, waves.waves


class _Server:
    """What all connections to one fake API server have in common."""

    def __init__(self, *, at_once=1, silent=False):
        self.asked = []
        self.silent = silent
        self.barrier = threading.Barrier(at_once)
        """Every answer but the first comes once so many questions are asked at the same time."""

    def connect(self):
        return _Fake(self)


class _Fake:
    """A connection to it, with the exchanges of its own."""

    def __init__(self, server):
        self._server = server
        self._made = []

    def exchanges(self):
        return tuple(self._made)

    def _ask(self, method, *arguments):
        self._server.asked.append(method)
        if self._server.silent:
            raise Unreachable(code="timed_out", server_message="", operation="get")
        if method != "discovery":
            self._server.barrier.wait(60)
        self._made.append(
            Exchange(
                caller="explorer",
                callee="kube-apiserver",
                method="GET",
                url=method,
                request_headers=(),
                request_body="",
                status=200,
                response_headers=(),
                response_body="",
                seconds=0.0,
                started=0.0,
            )
        )
        if method == "service_account":
            raise NotFound(code="NotFound", server_message="no", operation="get")
        return (method, arguments)

    def __getattr__(self, method):
        return lambda *arguments: self._ask(method, *arguments)


def test_what_a_walk_reads_is_asked_at_the_same_time_and_each_step_shows_its_own():
    cluster = AskedAhead(_Server(at_once=8).connect)
    cluster.ahead(SUBJECT)
    cluster.ahead(SUBJECT)  # asks nothing twice
    assert cluster.exchanges() == ()
    assert cluster.discovery() == ("discovery", ())
    with pytest.raises(NotFound):
        cluster.service_account("default", "my-sa")
    assert cluster.pod("default", "pod-after") == cluster.pod("default", "pod-after")
    assert [exchange.url for exchange in cluster.exchanges()] == ["discovery", "service_account", "pod"]


def test_a_server_that_is_silent_is_asked_once():
    server = _Server(silent=True)
    cluster = AskedAhead(server.connect)
    cluster.ahead(SUBJECT)
    with pytest.raises(Unreachable):
        cluster.discovery()
    assert server.asked == ["discovery"]


def test_what_was_not_asked_ahead_is_asked_when_it_is_wanted():
    cluster = AskedAhead(_Server().connect)
    cluster.ahead(SUBJECT)
    assert cluster.pod("default", "another") == ("pod", ("default", "another"))
    assert cluster.version() == ("version", ())
    assert cluster.dry_run_pod("default", {"kind": "Pod"}) == ("dry_run_pod", ("default", {"kind": "Pod"}))
    assert [exchange.url for exchange in cluster.exchanges()] == ["pod", "version", "dry_run_pod"]


def test_the_list_from_which_the_pod_was_chosen_is_read_once():
    cluster = AskedAhead(_Server().connect)
    chosen_from = cluster.pods("default", "my-sa")
    cluster.ahead(SUBJECT)
    assert cluster.pods("default", "my-sa") is chosen_from
    assert [exchange.url for exchange in cluster.exchanges()] == ["pods"]
    assert cluster.pods("default", "default") == ("pods", ("default", "default"))
