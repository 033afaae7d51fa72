"""A real cluster and account for live mode: a simulated world, behind a kubeconfig and the variables of AWS.

To the app it is what any cluster is: it has an address, a CA and a login, and nothing else is known of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.clients.issuer import IssuerTransport
from app.flow.port_wrappers.deadline import with_deadline
from app.flow.ports import Ports
from app.serving.request_facts import RequestFacts
from app.world.lifecycle.simulation import Simulation
from app.world.setup.tool_files import KUBECONFIG, aws_environment, files, kubeconfig, server_of
from app.world.world import World

_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION")
_SET = ("KUBECONFIG", "IRSA_LIVE", "IRSA_HOST", "KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", *_AWS)


LAUNCHED = RequestFacts(served_on="127.0.0.1", forwarded_by="", launched=True, visitor="127.0.0.1")
"""A reader on this machine who opened the address that the terminal printed."""


def asked_as(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:
    """The pages' websocket is that of such a reader, but for `facts`. Without a server of ours nothing is known."""
    found = replace(LAUNCHED, **facts)
    monkeypatch.setattr("app.serving.request_facts.read", lambda _: found)


@dataclass(frozen=True, kw_only=True)
class Reality:
    """What this machine's kubectl and aws reach."""

    simulation: Simulation
    world: World
    path: Path
    monkeypatch: pytest.MonkeyPatch

    def configure(self, text: str) -> None:
        """Another kubeconfig."""
        self.path.write_text(text, encoding="utf-8")

    def log_in_as(self, token: str) -> None:
        """The same cluster, with another bearer token."""
        text = kubeconfig(server_of(self.simulation, self.world), self.simulation.ca_pem, self.world)
        self.configure(text.replace(self.world.admin_token, token))

    def move_away(self, port: int) -> None:
        """The API server's address is now one where nobody listens."""
        text = kubeconfig(f"https://127.0.0.1:{port}", self.simulation.ca_pem, self.world)
        self.configure(text)


def reality(simulation: Simulation, key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Reality:
    """A world of that key as what this process's environment leads to. Its issuer is found where it would be.

    A walk through it has a minute for each answer and no end: a server on a busy machine is slow, and not silent.
    """
    world = simulation.world(key)
    for name in _SET:
        monkeypatch.delenv(name, raising=False)
    path = folder / KUBECONFIG
    path.write_bytes(files(simulation, world)[KUBECONFIG])
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("KUBECONFIG", str(path))
    for name, text in aws_environment(simulation, world).items():
        monkeypatch.setenv(name, text)
    address = urlsplit(simulation.kubernetes_url)
    found = {"connect_to": (address.hostname, address.port), "ca_pem": simulation.ca_pem}
    monkeypatch.setattr("app.clients.issuer.IssuerTransport", lambda **options: IssuerTransport(**found | options))
    monkeypatch.setattr("app.flow.port_wrappers.deadline.ANSWER_SECONDS", 60.0)
    monkeypatch.setattr("app.wiring.with_deadline", _with_the_clock_standing_still)
    asked_as(monkeypatch)
    return Reality(simulation=simulation, world=world, path=path, monkeypatch=monkeypatch)


def _with_the_clock_standing_still(ports: Ports, **options: Any) -> Ports:
    return with_deadline(ports, clock=lambda: 0.0, **options)
