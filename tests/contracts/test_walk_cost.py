"""What a walk of a warm world takes, as far as it can be counted: requests, connections, clients, verifications."""

from __future__ import annotations

import ssl
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from app import wiring
from app.clients.kubernetes.library import Configuration
from app.clients.kubernetes.transport import Dialer
from app.flow.steps.walk import walk
from app.world.aws import authentication
from app.world.aws.sts import verification_keys, web_identity
from app.world.lifecycle.simulation import Simulation
from app.world.servers.metered_connections import MeteredHttp
from app.world.world import World
from tests.contracts.conftest import SUBJECT

DOCS = Path(__file__).resolve().parents[2] / "docs"
REQUESTS = {"kube-apiserver": 8, "issuer": 2, "iam": 8, "sts": 2, "s3": 1}
EXECS = 2
SIGNED = REQUESTS["iam"] + REQUESTS["s3"] + 1
"""All that AWS is asked but AssumeRoleWithWebIdentity."""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each of a few things was done."""
    found: Counter[str] = Counter()

    def count(what: str, place: Any, name: str) -> None:
        done = getattr(place, name)

        def counting(*arguments: Any, **options: Any) -> Any:
            found[what] += 1
            return done(*arguments, **options)

        monkeypatch.setattr(place, name, counting)

    count("connections", MeteredHttp, "connection_made")
    count("clients", boto3.Session, "client")
    count("configurations", Configuration, "__init__")
    count("signatures", authentication, "verify")
    count("tokens", web_identity, "is_signed_by")
    count("key sets", verification_keys, "_fetch")
    return found


def test_a_warm_walk_asks_each_thing_once_over_connections_that_are_there(
    simulation: Simulation, world: World, counted: Counter[str]
) -> None:
    walk(wiring.simulated(simulation, world), SUBJECT)
    counted.clear()
    found = walk(wiring.simulated(simulation, world), SUBJECT)
    sent = [each for report in found for each in report.exchanges if each.caller == "explorer"]
    assert Counter(each.callee for each in sent) == REQUESTS
    assert len({(each.method, each.url, each.request_body) for each in sent}) == len(sent)
    # Before Python 3.13 the issuer's certificates take a connection of their own.
    assert counted["connections"] == EXECS + (sys.version_info < (3, 13))
    assert (counted["signatures"], counted["tokens"]) == (SIGNED, 1)
    assert (counted["clients"], counted["configurations"], counted["key sets"]) == (0, 0, 0)


@pytest.mark.parametrize("document", ["architecture", "performance"])
def test_the_documents_say_how_many_requests_that_are(document: str) -> None:
    requests = sum(REQUESTS.values())
    for name, said in ((f"{document}.md", f"{requests} requests"), (f"{document}.ja.md", f"{requests} のリクエスト")):
        assert said in (DOCS / name).read_text(encoding="utf-8"), name


def test_an_exec_comes_after_a_handshake_that_exchanges_no_keys(
    simulation: Simulation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = wiring.simulated(simulation, world).cluster
    namespace, pod = SUBJECT.namespace, SUBJECT.pod
    role = world.account.roles["s3-reader"].arn
    cluster.execute(namespace, pod, "", ["true"])
    handshakes, connected = [], Dialer.connected

    @contextmanager
    def noting(*arguments: Any, **options: Any) -> Iterator[Any]:
        with connected(*arguments, **options) as connection:
            assert isinstance(connection, ssl.SSLSocket)
            handshakes.append((connection.version(), connection.session_reused))
            yield connection

    monkeypatch.setattr(Dialer, "connected", noting)
    assert cluster.execute(namespace, pod, "", ["printenv", "AWS_ROLE_ARN"]).stdout == f"{role}\n"
    assert handshakes == [("TLSv1.2", True)]


def test_what_a_longer_command_prints_comes_in_its_order(simulation: Simulation, world: World) -> None:
    cluster = wiring.simulated(simulation, world).cluster
    script = "for i in $(seq 99); do echo $i; done; sleep 0.01; for i in $(seq 99); do echo $i; done; exit 3"
    done = cluster.execute(SUBJECT.namespace, SUBJECT.pod, "", ["sh", "-c", script])
    assert done.stdout.split() == [str(number) for number in range(1, 100)] * 2
    assert done.exit_code == 3


def test_a_pods_program_asks_for_the_nodes_role_over_a_connection_that_is_there(
    simulation: Simulation, world: World, counted: Counter[str]
) -> None:
    cluster = wiring.simulated(simulation, world).cluster
    for _ in range(2):
        counted.clear()
        asked = cluster.execute(SUBJECT.namespace, "pod-before", "", ["aws", "sts", "get-caller-identity"])
        assert asked.exit_code == 0, asked.stderr
    assert counted["connections"] == 1  # of the exec
