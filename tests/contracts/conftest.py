"""Where the contract of the ports is tested here: in the simulated world. `tests/live` asks a real kube-apiserver."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from app.flow.model import Subject
from app.flow.ports import Ports
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from app.world.world import World

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
TOKEN_FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
_numbers = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Somewhere with an API server, an issuer and an AWS account in which the subject's IRSA works."""

    ports: Ports
    subject: Subject
    container: str
    account: str
    role: str
    token: Callable[[], str]
    """A projected token of the subject's, for `sts.amazonaws.com`."""
    aws_url: str
    """Where others than the app ask that account."""
    secrets: tuple[str, ...]
    """What must never be seen: bearer tokens and long-lived keys."""


@pytest.fixture(scope="session")
def simulation() -> Iterator[Simulation]:
    with Simulation() as running:
        yield running


@pytest.fixture
def world(simulation: Simulation) -> Iterator[World]:
    """A world of its own, gone after the test."""
    key = f"contracts-{next(_numbers)}"
    yield simulation.world(key)
    simulation.store.discard(key)


@pytest.fixture
def place(simulation: Simulation, world: World) -> Place:
    ports = simulated(simulation, world)

    def token() -> str:
        command = ["cat", TOKEN_FILE]
        return ports.cluster.execute(SUBJECT.namespace, SUBJECT.pod, "aws-cli", command).stdout

    return Place(
        ports=ports,
        subject=SUBJECT,
        container="aws-cli",
        account=world.account_id,
        role="s3-reader",
        token=token,
        aws_url=simulation.aws_url,
        secrets=(world.explorer_token, world.account.explorer.secret_access_key),
    )
