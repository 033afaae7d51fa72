"""The places in which the contract of the ports is tested: the simulated world, and a real kube-apiserver."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from app.flow.errors import Refused
from app.flow.model import Subject
from app.flow.ports import Ports
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from tests.live.control_plane import ADMIN_TOKEN
from tests.live.eks import Eks, enter, joined

SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")
PLACES = ("simulated", pytest.param("real", marks=pytest.mark.live))
TOKEN_FILE = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"

NOT_IN_REAL: Mapping[str, str] = {
    "test_exec_tells_streams_and_exit_code": "no node: the Pod is stored and never runs, so nothing can run in it",
}
"""What the real API server of the tests cannot do as the simulated one does, each with the reason."""
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


@pytest.fixture(scope="package")
def eks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eks]:
    """A real API server joined to a simulated AWS, for this folder's tests."""
    with joined(tmp_path_factory.mktemp("eks")) as started:
        yield started


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
    if request.param == "real" and (reason := NOT_IN_REAL.get(request.function.__name__)):
        request.node.add_marker(pytest.mark.xfail(reason=reason, raises=Refused, strict=True))
    return {"simulated": simulated_place, "real": real_place}[request.param](request)


def simulated_place(request: pytest.FixtureRequest) -> Place:
    simulation: Simulation = request.getfixturevalue("simulation")
    world: World = request.getfixturevalue("world")
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


def real_place(request: pytest.FixtureRequest) -> Place:
    eks = request.getfixturevalue("eks")
    enter(eks, request.getfixturevalue("monkeypatch"), request.getfixturevalue("tmp_path"))
    return Place(
        ports=eks.ports(),
        subject=SUBJECT,
        container="aws-cli",
        account=eks.world.account_id,
        role="s3-reader",
        token=eks.projected_token,
        aws_url=eks.simulation.aws_url,
        secrets=(ADMIN_TOKEN, eks.world.account.admin.secret_access_key),
    )
