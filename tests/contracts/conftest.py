"""The places in which the contract of the ports is tested. Today the simulated world; any other joins `PLACES`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.flow.model import Subject
from app.flow.ports import Ports
from app.wiring import simulated
from app.world.simulation import Simulation
from app.world.world import World

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
PLACES = ("simulated",)
_numbers = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Somewhere with an API server, an issuer and an AWS account in which the subject's IRSA works."""

    ports: Ports
    subject: Subject
    container: str
    account: str
    role: str
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


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    return {"simulated": simulated_place}[request.param](request)


def simulated_place(request: pytest.FixtureRequest) -> Place:
    simulation: Simulation = request.getfixturevalue("simulation")
    world: World = request.getfixturevalue("world")
    return Place(
        ports=simulated(simulation, world),
        subject=SUBJECT,
        container="aws-cli",
        account=world.account_id,
        role="s3-reader",
        secrets=(world.admin_token, world.account.admin.secret_access_key),
    )
